"""AWS WAF: what a web ACL protects, and where its log goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("WAFNonexistentItemException",)


class WebAclAssociation(ResourceType):
    """A web ACL in front of a load balancer."""

    pulumi_type = "aws:wafv2/webAclAssociation:WebAclAssociation"
    service = "wafv2"
    cfn = "AWS::WAFv2::WebACLAssociation"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """HTTP APIs cannot be protected, and CloudFront is protected otherwise; both are in one region."""
        target, acl = inputs.get("resourceArn"), inputs.get("webAclArn")
        failures = []
        if isinstance(target, str) and target.startswith("arn:"):
            parts = target.split(":")
            if ":apigateway:" in target and "/restapis/" not in target:
                failures.append(Failure("resourceArn", "AWS WAF does not protect HTTP APIs"))
            elif ":cloudfront:" in target:
                failures.append(Failure("resourceArn", "a CloudFront distribution names its web ACL itself"))
            elif region and parts[3] != region:
                failures.append(Failure("resourceArn", f"{target} is in {parts[3]}; the resource is in {region}"))
        if isinstance(acl, str) and ":global/webacl/" in acl:
            failures.append(Failure("webAclArn", "a web ACL of scope CLOUDFRONT protects no regional resource"))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Associate; the id names both, as the provider's does."""
        api.call("AssociateWebACL", WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        api.created_id = f"{inputs['webAclArn']},{inputs['resourceArn']}"
        return api.created_id

    def read(self, api: Api, object_id: str, inputs: Props) -> Props | None:  # noqa: ARG002 -- the id says it all
        """The web ACL that protects the resource now."""
        _, _, target = object_id.partition(",")
        if not target:
            raise ProviderError(f"{self.token}: import as <web ACL ARN>,<resource ARN>")
        answer = self.unless_gone(api, "GetWebACLForResource", ResourceArn=target)
        found = (answer or {}).get("WebACL")
        return {"webAclArn": found["ARN"], "resourceArn": target} if found else None

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- the id says it all
        """Disassociate."""
        self.unless_gone(api, "DisassociateWebACL", ResourceArn=object_id.partition(",")[2])


class WebAclLoggingConfiguration(ResourceType):
    """Where a web ACL's log goes. Its id is the web ACL's ARN."""

    pulumi_type = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    service = "wafv2"
    cfn = "AWS::WAFv2::LoggingConfiguration"
    read_op, read_param, read_path = "GetLoggingConfiguration", "ResourceArn", "LoggingConfiguration"
    delete_op, delete_param = "DeleteLoggingConfiguration", "ResourceArn"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """A field is one part of a request, a condition one thing."""
        failures = []
        fields = inputs.get("redactedFields")
        for index, field in enumerate(fields if isinstance(fields, list) else ()):
            if isinstance(field, dict) and len(field) != 1:
                reason = "needs exactly one of method, queryString, singleHeader, uriPath"
                failures.append(Failure(f"redactedFields[{index}]", reason))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Put it."""
        self._put(api, inputs)
        api.created_id = str(inputs["resourceArn"])
        return api.created_id

    @staticmethod
    def _put(api: Api, inputs: Props) -> None:
        client = api.cloud.client("wafv2", api.region)
        shape = client.meta.service_model.shape_for("LoggingConfiguration")
        configuration = {"RedactedFields": [], **api.structure(shape, inputs)}
        api.call("PutLoggingConfiguration", LoggingConfiguration=configuration)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Empty lists are not shown."""
        return super().outputs(api, object_id, inputs, {key: value for key, value in found.items() if value != []})

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Put it anew."""
        if changed:
            self._put(api, news)


TYPES = (WebAclAssociation(), WebAclLoggingConfiguration())
