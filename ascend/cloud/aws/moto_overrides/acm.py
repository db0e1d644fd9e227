"""ACM: a certificate is issued when its records are there, not when a minute is over."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from datetime import datetime
    from types import ModuleType


def install() -> None:
    """Patch moto's ACM when it is loaded."""
    on_load("moto.acm.models", _patch)
    on_load("moto.acm.responses", _patch_responses)


def issue(account: str, region: str, arn: str) -> datetime:
    """Issue a certificate: its records were found. Returns when that was; the first time counts."""
    from moto.acm.models import acm_backends  # noqa: PLC0415 -- only where the service is used
    from moto.core.utils import utcnow  # noqa: PLC0415 -- as above

    certificate: Any = acm_backends[account][region].get_certificate(arn)
    if certificate.status != "ISSUED":
        certificate.status, certificate.issued_at = "ISSUED", utcnow()
    moment: datetime = certificate.issued_at
    return moment


def _patch(module: ModuleType) -> None:
    from moto.acm.exceptions import AWSValidationException  # noqa: PLC0415 -- moto is loaded by now
    from moto.core.exceptions import AWSError  # noqa: PLC0415 -- as above

    class ResourceInUseException(AWSError):  # noqa: N818 -- AWS's name
        TYPE = "ResourceInUseException"

    bundle, backend = module.CertBundle, module.AWSCertificateManagerBackend
    describe, delete = bundle.describe, backend.delete_certificate

    def check(self: Any) -> None:
        """Time alone proves no domain."""
        if self._not_valid_after(self._cert) <= module.utcnow():
            self.status = "EXPIRED"

    def described(self: Any) -> Any:
        result = describe(self)
        certificate = result["Certificate"]
        if self.type == "AMAZON_ISSUED":
            certificate["DomainValidationOptions"] = [
                _own_record(row) for row in certificate["DomainValidationOptions"]
            ]
            certificate["KeyAlgorithm"] = certificate["KeyAlgorithm"].replace("RSA_", "RSA-")
            certificate["RenewalEligibility"] = "ELIGIBLE" if certificate["InUseBy"] else "INELIGIBLE"
            if self.status == "ISSUED":
                certificate["IssuedAt"] = module.datetime_to_epoch(getattr(self, "issued_at", self.created_at))
            else:
                for name in ("IssuedAt", "NotAfter", "NotBefore", "Serial"):
                    certificate.pop(name, None)
        return result

    def delete_certificate(self: Any, arn: str) -> None:
        if self.get_certificate(arn).in_use_by:
            raise ResourceInUseException(f"Certificate {arn} in account {self.account_id} is in use.")
        delete(self, arn)

    def update_options(self: Any, arn: str, options: Any) -> None:
        certificate = self.get_certificate(arn)
        if certificate.type != "AMAZON_ISSUED":
            raise AWSValidationException("Options of imported certificates cannot be changed.")
        certificate.cert_options.update(options)

    bundle.check, bundle.describe = check, described
    backend.delete_certificate, backend.update_certificate_options = delete_certificate, update_options


def _own_record(row: Any) -> Any:
    """Each domain has a record of its own; a wildcard shares its base's."""
    base = row["DomainName"].removeprefix("*.")
    name, value = (hashlib.md5(f"{kind} {base}".encode(), usedforsecurity=False).hexdigest() for kind in ("n", "v"))
    record = {"Name": f"_{name}.{base}.", "Type": "CNAME", "Value": f"_{value}.jkddzztszm.acm-validations.aws."}
    return {**row, "ResourceRecord": record}


def _patch_responses(module: ModuleType) -> None:
    response = module.AWSCertificateManagerResponse

    def update_certificate_options(self: Any) -> Any:
        self.acm_backend.update_certificate_options(self._get_param("CertificateArn"), self._get_param("Options"))
        return module.EmptyResult()

    response.update_certificate_options = update_certificate_options
