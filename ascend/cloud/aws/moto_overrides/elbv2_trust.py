"""Elastic Load Balancing: there are trust stores."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.elb import fault
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def install() -> None:
    """Patch moto's Elastic Load Balancing when it is loaded."""
    on_load("moto.elbv2.models", _patch)
    on_load("moto.elbv2.responses", _patch_responses)


def _patch(module: ModuleType) -> None:
    backend = module.ELBv2Backend
    init, by_arn = backend.__init__, backend._get_resource_by_arn  # noqa: SLF001 -- moto's helper

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.trust_stores = {}

    def get_resource_by_arn(self: Any, arn: str) -> Any:
        return _found(self, arn) if ":truststore/" in arn else by_arn(self, arn)

    backend.__init__ = initialise
    backend._get_resource_by_arn = get_resource_by_arn  # noqa: SLF001 -- moto's helper


def _found(backend: Any, arn: str) -> Any:
    if arn not in backend.trust_stores:
        raise fault("TrustStoreNotFound", f"Trust store '{arn}' not found")
    return backend.trust_stores[arn]


def _listeners(backend: Any, arn: str) -> list[str]:
    """The listeners that verify certificates by a trust store."""
    return [
        listener.arn
        for balancer in backend.load_balancers.values()
        for listener in balancer.listeners.values()
        if (listener.mutual_authentication or {}).get("TrustStoreArn") == arn
    ]


def _bundle(backend: Any, params: dict[str, Any]) -> int:
    """How many certificates the bundle has."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- moto is loaded by now

    store = s3_backends[backend.account_id][backend.partition]
    bucket, key = params["CaCertificatesBundleS3Bucket"], params["CaCertificatesBundleS3Key"]
    version = params.get("CaCertificatesBundleS3ObjectVersion")
    found = store.get_object(bucket, key, version) if bucket in store.buckets else None
    if found is None:
        raise fault("CaCertificatesBundleNotFound", f"The bundle s3://{bucket}/{key} was not found")
    count = len(_CERTIFICATE.findall(found.value))
    if not count:
        raise fault("InvalidCaCertificatesBundle", f"s3://{bucket}/{key} has no certificates in PEM format")
    return count


def _patch_responses(module: ModuleType) -> None:
    response, result, empty = module.ELBV2Response, module.ActionResult, module.EmptyResult

    def create_trust_store(self: Any) -> Any:
        backend, params = self.elbv2_backend, self._get_params()
        name = params["Name"]
        if any(store.name == name for store in backend.trust_stores.values()):
            raise fault("DuplicateTrustStoreName", f"A trust store with the name '{name}' already exists")
        from moto.moto_api._internal import mock_random  # noqa: PLC0415 -- moto is loaded by now

        where = f"arn:{backend.partition}:elasticloadbalancing:{backend.region_name}:{backend.account_id}"
        store = SimpleNamespace(
            name=name,
            trust_store_arn=f"{where}:truststore/{name}/{mock_random.get_random_hex(16)}",
            status="ACTIVE",
            number_of_ca_certificates=_bundle(backend, params),
            total_revoked_entries=0,
        )
        backend.trust_stores[store.trust_store_arn] = store
        backend.tagging_service.tag_resource(store.trust_store_arn, params.get("Tags"))
        return result({"TrustStores": [store]})

    def describe_trust_stores(self: Any) -> Any:
        backend, params = self.elbv2_backend, self._get_params()
        stores = list(backend.trust_stores.values())
        if params.get("TrustStoreArns"):
            stores = [_found(backend, arn) for arn in params["TrustStoreArns"]]
        elif params.get("Names"):
            stores = [store for store in stores if store.name in params["Names"]]
            if not stores:
                raise fault("TrustStoreNotFound", "One or more trust stores not found")
        return result({"TrustStores": stores})

    def modify_trust_store(self: Any) -> Any:
        params = self._get_params()
        store = _found(self.elbv2_backend, params["TrustStoreArn"])
        store.number_of_ca_certificates = _bundle(self.elbv2_backend, params)
        return result({"TrustStores": [store]})

    def delete_trust_store(self: Any) -> Any:
        backend, arn = self.elbv2_backend, self._get_params()["TrustStoreArn"]
        store = _found(backend, arn)
        if _listeners(backend, arn):
            raise fault("TrustStoreInUse", f"Trust store '{store.name}' is currently in use by a listener")
        del backend.trust_stores[arn]
        return empty()

    def describe_trust_store_associations(self: Any) -> Any:
        backend, arn = self.elbv2_backend, self._get_params()["TrustStoreArn"]
        _found(backend, arn)
        rows = [{"ResourceArn": listener} for listener in _listeners(backend, arn)]
        return result({"TrustStoreAssociations": rows})

    for operation in (
        create_trust_store,
        describe_trust_stores,
        modify_trust_store,
        delete_trust_store,
        describe_trust_store_associations,
    ):
        setattr(response, operation.__name__, operation)
