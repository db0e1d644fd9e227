"""Service Quotas: those of other services than VPC, AWS's defaults, and more of one, which is granted at once."""

from __future__ import annotations

import functools
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_FILE = Path(__file__).parents[1] / "data" / "quotas.yaml"


def install() -> None:
    """Patch moto's Service Quotas when it is loaded."""
    on_load("moto.servicequotas.models", _patch_models)
    on_load("moto.servicequotas.responses", _patch_responses)


@functools.cache
def _table() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    loaded: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return loaded


def _granted(backend: Any) -> dict[tuple[str, str], float]:
    """What was granted in a region; moto forgets it with the backend."""
    found: dict[tuple[str, str], float] = backend.__dict__.setdefault("granted_quotas", {})
    return found


def _patch_models(module: ModuleType) -> None:
    backend = module.ServiceQuotasBackend
    of_vpc = backend.get_service_quota

    def default(self: Any, service: str, code: str) -> dict[str, Any]:
        row = _table().get(service, {}).get(code)
        if row is None:
            found: dict[str, Any] = of_vpc(self, service, code)
            return found
        return {
            "ServiceCode": service,
            "QuotaArn": f"arn:{self.partition}:servicequotas:{self.region_name}:{self.account_id}:{service}/{code}",
            "QuotaCode": code,
            "QuotaName": row["name"],
            "Value": float(row["value"]),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }

    def get_service_quota(self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        quota = default(self, service_code, quota_code)
        return {**quota, "Value": _granted(self).get((service_code, quota_code), quota["Value"])}

    backend.get_aws_default_service_quota = default
    backend.get_service_quota = get_service_quota


def _patch_responses(module: ModuleType) -> None:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded

    response = module.ServiceQuotasResponse

    def get_aws_default_service_quota(self: Any) -> str:
        asked = json.loads(self.body)
        return json.dumps(
            {"Quota": self.backend.get_aws_default_service_quota(asked["ServiceCode"], asked["QuotaCode"])}
        )

    def request_service_quota_increase(self: Any) -> str:
        """API reference, RequestServiceQuotaIncrease: more than it is, or it is refused. Read 2026-11-21."""
        asked = json.loads(self.body)
        service, code, wanted = asked["ServiceCode"], asked["QuotaCode"], float(asked["DesiredValue"])
        quota = self.backend.get_service_quota(service, code)
        if wanted <= quota["Value"]:
            raise JsonRESTError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current quota value. Current: {quota['Value']:g}",
            )
        _granted(self.backend)[service, code] = wanted
        return json.dumps(
            {
                "RequestedQuota": {
                    "Id": uuid.uuid4().hex,
                    "ServiceCode": service,
                    "QuotaCode": code,
                    "DesiredValue": wanted,
                    "Status": "APPROVED",
                }
            }
        )

    response.get_aws_default_service_quota = get_aws_default_service_quota
    response.request_service_quota_increase = request_service_quota_increase
