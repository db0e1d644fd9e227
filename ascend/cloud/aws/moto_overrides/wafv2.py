"""AWS WAF: capacity, one web ACL a resource, nothing in use is deleted, an update replaces everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import waf
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: What an update sets anew; moto keeps what it does not name.
_REPLACED: dict[str, Any] = {
    "association_config": None,
    "captcha_config": None,
    "challenge_config": None,
    "custom_response_bodies": None,
    "description": "",
    "rules": [],
    "token_domains": None,
}


def install() -> None:
    """Patch moto's WAF when it is loaded."""
    on_load("moto.wafv2.models", _patch)
    on_load("moto.wafv2.models", _patch_uses)


def _fault(code: str, text: str) -> Exception:
    from moto.wafv2.exceptions import WAFv2ClientError  # noqa: PLC0415 -- moto is loaded by now

    error: Exception = WAFv2ClientError(code, text)
    return error


def _weigh(acl: Any) -> None:
    """What the rules cost; a group that is not AWS's counts for nothing, since only AWS knows what it costs."""
    units = [waf.capacity([rule.to_dict()]) for rule in acl.rules]
    acl.capacity = sum(unit or 0 for unit in units)
    if acl.capacity > waf.LIMIT:
        text = f"AWS WAF couldn't perform the operation because the web ACL needs {acl.capacity} capacity units"
        raise _fault("WAFLimitsExceededException", text)


def _judge(rules: list[dict[str, Any]] | None) -> None:
    for field in ("Name", "Priority"):
        values = [rule[field] for rule in rules or []]
        if len(set(values)) < len(values):
            text = f"Error reason: The {field.lower()} of a rule must be unique in its web ACL, field: RULE"
            raise _fault("WAFInvalidParameterException", text)


def _patch(module: ModuleType) -> None:
    backend, acl = module.WAFV2Backend, module.FakeWebACL
    init, update = acl.__init__, acl.update
    create, change = backend.create_web_acl, backend.update_web_acl

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        _weigh(self)

    def updated(self: Any, *args: Any, **kwargs: Any) -> None:
        before = dict(self.__dict__)
        self.__dict__.update(_REPLACED)
        update(self, *args, **kwargs)
        try:
            _weigh(self)
        except Exception:
            self.__dict__.update(before)
            raise

    def create_web_acl(self: Any, *args: Any, **kwargs: Any) -> Any:
        _judge(kwargs.get("rules") or (args[6] if len(args) > 6 else None))  # noqa: PLR2004 -- moto's order
        return create(self, *args, **kwargs)

    def update_web_acl(self: Any, *args: Any, **kwargs: Any) -> Any:
        _judge(kwargs.get("rules") or (args[3] if len(args) > 3 else None))  # noqa: PLR2004 -- moto's order
        return change(self, *args, **kwargs)

    acl.__init__ = initialise
    acl.update = updated
    backend.create_web_acl = create_web_acl
    backend.update_web_acl = update_web_acl


def _patch_uses(module: ModuleType) -> None:
    backend = module.WAFV2Backend
    delete, associate, put_logging = (
        backend.delete_web_acl,
        backend.associate_web_acl,
        backend.put_logging_configuration,
    )

    def delete_web_acl(self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
        found = self.get_web_acl(None, name, _id)
        found.associated_resources = [arn for arn in found.associated_resources if _exists(self, arn)]
        if found.associated_resources:
            text = "AWS WAF couldn't perform the operation because your resource is being used by another resource"
            raise _fault("WAFAssociatedItemException", text)
        delete(self, name, scope, _id, lock_token)
        self.logging_configurations.pop(found.arn, None)

    def associate_web_acl(self: Any, web_acl_arn: str, resource_arn: str) -> None:
        if not _exists(self, resource_arn):
            raise module.WAFNonexistentItemException
        for other in self.wacls.values():
            if resource_arn in other.associated_resources:
                other.associated_resources.remove(resource_arn)
        associate(self, web_acl_arn, resource_arn)

    def get_web_acl_for_resource(self: Any, resource_arn: str) -> Any:
        if not _exists(self, resource_arn):
            raise module.WAFNonexistentItemException
        found = [one for one in self.wacls.values() if resource_arn in one.associated_resources]
        return found[0] if found else None

    def put_logging_configuration(self: Any, arn: str, log_destination_configs: list[str], *args: Any) -> Any:
        if arn not in self.wacls:
            raise module.WAFNonexistentItemException
        _check_destination(self, log_destination_configs)
        return put_logging(self, arn, log_destination_configs, *args)

    backend.delete_web_acl = delete_web_acl
    backend.associate_web_acl = associate_web_acl
    backend.get_web_acl_for_resource = get_web_acl_for_resource
    backend.put_logging_configuration = put_logging_configuration


def _exists(backend: Any, arn: str) -> bool:
    """Whether what a web ACL shall protect is there; only load balancers are looked up."""
    if ":loadbalancer/" not in arn:
        return True
    from moto.elbv2.models import elbv2_backends  # noqa: PLC0415 -- only where it is needed

    return arn in elbv2_backends[backend.account_id][backend.region_name].load_balancers


def _check_destination(backend: Any, destinations: list[str]) -> None:
    """A log group is there and named as AWS WAF wants it."""
    from moto.logs.models import logs_backends  # noqa: PLC0415 -- only where it is needed

    for arn in destinations:
        if ":log-group:" not in arn:
            continue
        name = arn.partition(":log-group:")[2].removesuffix(":*")
        groups = logs_backends[backend.account_id][backend.region_name].groups
        if not name.startswith("aws-waf-logs-") or name not in groups:
            text = f"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION, parameter: {arn}"  # fmt: skip  # noqa: E501 -- AWS's text
            raise _fault("WAFInvalidParameterException", text)
