"""Elastic Load Balancing: a listener has what its protocol needs and its port alone, and asks for certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.elb import fault
from ascend.cloud.aws.moto_overrides import on_load
from ascend.cloud.aws.moto_overrides.elbv2 import users

if TYPE_CHECKING:
    from types import ModuleType

#: What a listener without a policy of its own gets from the API.
_POLICY = "ELBSecurityPolicy-2016-08"


def install() -> None:
    """Patch moto's Elastic Load Balancing when it is loaded."""
    on_load("moto.elbv2.models", _patch)
    on_load("moto.elbv2.responses", _patch_responses)


def _patch(module: ModuleType) -> None:
    backend, listener = module.ELBv2Backend, module.FakeListener
    init, create_rule, delete_rule = listener.__init__, backend.create_rule, backend.delete_rule
    delete_listener = backend.delete_listener

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.attributes = {"routing.http.response.server.enabled": "true"}
        self.mutual_authentication = None

    def creating_rule(self: Any, *args: Any, **kwargs: Any) -> Any:
        for action in kwargs["actions"]:
            for arn in self._get_target_group_arns_from(action_data=action):  # moto's helper
                _same_vpc(self, kwargs["listener_arn"].replace(":listener/", ":loadbalancer/").rpartition("/")[0], arn)
        return create_rule(self, *args, **kwargs)

    def deleting_rule(self: Any, arn: str) -> None:
        self.describe_rules(listener_arn=None, rule_arns=[arn])
        delete_rule(self, arn)

    def deleting_listener(self: Any, arn: str) -> Any:
        deleted = delete_listener(self, arn)
        _release(self, arn)
        return deleted

    listener.__init__ = initialise
    backend.delete_listener = deleting_listener
    backend.create_rule = creating_rule
    backend.delete_rule = deleting_rule


def _release(backend: Any, arn: str) -> None:
    """The listener's certificates are no longer used by it."""
    from moto.acm.models import acm_backends  # noqa: PLC0415 -- only where listeners are used

    certificates = acm_backends[backend.account_id][backend.region_name]._certificates  # noqa: SLF001 -- listing them all
    for certificate in certificates.values():
        certificate.in_use_by = [user for user in certificate.in_use_by if user != arn]


def _same_vpc(backend: Any, balancer_arn: str, group_arn: str) -> None:
    """A target group serves one load balancer, in its own VPC."""
    balancer, group = backend.load_balancers.get(balancer_arn), backend.target_groups.get(group_arn)
    if balancer is None or group is None:
        return
    if group.vpc_id != balancer.vpc_id:
        text = f"The target group '{group_arn}' and the load balancer '{balancer_arn}' are in different VPCs"
        raise fault("InvalidConfigurationRequest", text)
    if any(user != balancer_arn for user in users(backend, group_arn)):
        text = f"The following target groups cannot be associated with more than one load balancer: {group_arn}"
        raise fault("TargetGroupAssociationLimit", text)


def _check(backend: Any, balancer_arn: str, wanted: dict[str, Any], own: str = "") -> None:
    """Judge a listener as it shall be; `own` is its ARN where it exists."""
    balancer = backend.load_balancers.get(balancer_arn)
    if balancer is None:
        return
    port = int(wanted["Port"])
    if any(int(one.port) == port for arn, one in balancer.listeners.items() if arn != own):
        raise fault("DuplicateListener", "A listener already exists on this port for this load balancer")
    for action in wanted.get("DefaultActions") or []:
        for arn in backend._get_target_group_arns_from(action_data=action):  # noqa: SLF001 -- moto's helper
            _same_vpc(backend, balancer_arn, arn)
    if wanted["Protocol"] == "HTTPS":
        _check_https(backend, wanted)
    elif wanted.get("Certificates") or wanted.get("MutualAuthentication", {}).get("Mode", "off") != "off":
        text = "A certificate and mutual authentication cannot be specified for HTTP listeners"
        raise fault("InvalidConfigurationRequest", text)


def _check_https(backend: Any, wanted: dict[str, Any]) -> None:
    from moto.acm.exceptions import CertificateNotFound  # noqa: PLC0415 -- moto is loaded by now
    from moto.acm.models import acm_backends  # noqa: PLC0415 -- as above
    from moto.elbv2.ssl_policies import SSL_POLICIES  # noqa: PLC0415 -- as above

    arns = [row["CertificateArn"] for row in wanted.get("Certificates") or []]
    if not arns:
        raise fault("ValidationError", "A certificate must be specified for HTTPS listeners")
    if ":acm:" in arns[0]:
        try:
            found = acm_backends[backend.account_id][backend.region_name].describe_certificate(arns[0])
        except CertificateNotFound as error:
            raise fault("CertificateNotFound", f"Certificate '{arns[0]}' not found") from error
        if found.status != "ISSUED":
            text = f"The certificate '{arns[0]}' must have a fully-qualified domain name, a supported signature, and a "
            raise fault("UnsupportedCertificate", f"{text}supported key size.")
    if wanted.get("SslPolicy") and wanted["SslPolicy"] not in SSL_POLICIES:
        raise fault("SSLPolicyNotFound", f"SSL policy '{wanted['SslPolicy']}' not found")
    mutual = wanted.get("MutualAuthentication") or {}
    if mutual.get("Mode") == "verify" and mutual.get("TrustStoreArn") not in backend.trust_stores:
        raise fault("TrustStoreNotFound", f"Trust store '{mutual.get('TrustStoreArn')}' not found")


def _patch_responses(module: ModuleType) -> None:
    response = module.ELBV2Response
    create, modify = response.create_listener, response.modify_listener

    def create_listener(self: Any) -> Any:
        params = self._get_params()
        _check(self.elbv2_backend, params["LoadBalancerArn"], params)
        answer = create(self)
        made = self.elbv2_backend.load_balancers[params["LoadBalancerArn"]].listeners
        _settle(list(made.values())[-1], params)
        return answer

    def modify_listener(self: Any) -> Any:
        params = self._get_params()
        found = self.elbv2_backend.describe_listeners(None, [params["ListenerArn"]])[0]
        wanted = {
            "Port": found.port,
            "Protocol": found.protocol,
            "SslPolicy": found.ssl_policy,
            "Certificates": [{"CertificateArn": arn} for arn in found.certificates],
            "MutualAuthentication": found.mutual_authentication or {},
            **params,
        }
        if wanted["Protocol"] == "HTTP" and "Certificates" not in params:
            wanted.update(Certificates=[], MutualAuthentication={})
        _check(self.elbv2_backend, found.load_balancer_arn, wanted, params["ListenerArn"])
        answer = modify(self)
        _settle(found, wanted)
        return answer

    response.create_listener = create_listener
    response.modify_listener = modify_listener


def _settle(listener: Any, wanted: dict[str, Any]) -> None:
    """Policy, certificate and mutual authentication are HTTPS's; moto gives every listener a policy."""
    secure = listener.protocol == "HTTPS"
    if not secure:
        listener.certificate, listener.certificates = None, []
    listener.ssl_policy = (wanted.get("SslPolicy") or _POLICY) if secure else None
    mutual = wanted.get("MutualAuthentication") or {"Mode": "off"}
    if secure and mutual["Mode"] == "verify":
        mutual = {"IgnoreClientCertificateExpiry": False, "AdvertiseTrustStoreCaNames": "off", **mutual}
    listener.mutual_authentication = dict(mutual) if secure else None
