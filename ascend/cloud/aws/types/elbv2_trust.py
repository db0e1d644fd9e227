"""Elastic Load Balancing v2: trust stores, the authorities whose client certificates a listener accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.types.elbv2 import suffix

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


class TrustStore(ResourceType):
    """A bundle of authorities' certificates, read once from S3: AWS does not say again where it came from."""

    pulumi_type = "aws:lb/trustStore:TrustStore"
    service = "elbv2"
    cfn = "AWS::ElasticLoadBalancingV2::TrustStore"
    kind = "trust-store"
    create_op = "CreateTrustStore"
    create_skip = ("namePrefix",)
    id_path = "TrustStores[0].TrustStoreArn"
    read_op, read_param, read_path = "DescribeTrustStores", "TrustStoreArns[]", "TrustStores[0]"
    delete_op, delete_param = "DeleteTrustStore", "TrustStoreArn"
    gone = ("TrustStoreNotFound",)
    tags = tagging.ELB
    rename: ClassVar = {"arn": "TrustStoreArn"}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """What CloudWatch and the provider call it."""
        props = super().outputs(api, object_id, {**inputs, "arn": object_id}, found)
        return {**props, "arnSuffix": suffix(object_id, "truststore")}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The whole place of the bundle is sent."""
        if changed:
            bundle = [name for name in news if name.startswith("caCertificatesBundle")]
            api.call("ModifyTrustStore", TrustStoreArn=object_id, **api.params("ModifyTrustStore", news, only=bundle))


TYPES = (TrustStore(),)
