"""Elastic Load Balancing v2: listeners and their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.attributes import Attributes
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.types.elbv2 import from_pairs, given, pairs
from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: Properties of actions whose names differ, at every depth.
_ACTIONS: dict[str, str] = {
    "arn": "TargetGroupArn",
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "duration": "DurationSeconds",
    "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "stickiness": "TargetGroupStickinessConfig",
}
#: What an action of each type is described by, one of the properties.
_BLOCKS = {
    "forward": ("targetGroupArn", "forward"),
    "redirect": ("redirect",),
    "fixed-response": ("fixedResponse",),
    "authenticate-cognito": ("authenticateCognito",),
    "authenticate-oidc": ("authenticateOidc",),
}
#: Headers that a listener adds to requests and answers: every attribute is text but one.
_HEADERS = Attributes(
    text={
        **{
            f"routingHttpRequestXAmznMtlsClientcert{name}HeaderName": (
                f"routing.http.request.x_amzn_mtls_clientcert{key}.header_name"
            )
            for name, key in {
                "": "",
                "Issuer": "_issuer",
                "Leaf": "_leaf",
                "SerialNumber": "_serial_number",
                "Subject": "_subject",
                "Validity": "_validity",
            }.items()
        },
        "routingHttpRequestXAmznTlsCipherSuiteHeaderName": "routing.http.request.x_amzn_tls_cipher_suite.header_name",
        "routingHttpRequestXAmznTlsVersionHeaderName": "routing.http.request.x_amzn_tls_version.header_name",
        **{
            f"routingHttpResponse{name}HeaderValue": f"routing.http.response.{key}.header_value"
            for name, key in {
                "AccessControlAllowCredentials": "access_control_allow_credentials",
                "AccessControlAllowHeaders": "access_control_allow_headers",
                "AccessControlAllowMethods": "access_control_allow_methods",
                "AccessControlAllowOrigin": "access_control_allow_origin",
                "AccessControlExposeHeaders": "access_control_expose_headers",
                "AccessControlMaxAge": "access_control_max_age",
                "ContentSecurityPolicy": "content_security_policy",
                "StrictTransportSecurity": "strict_transport_security",
                "XContentTypeOptions": "x_content_type_options",
                "XFrameOptions": "x_frame_options",
            }.items()
        },
    },
    booleans={"routingHttpResponseServerEnabled": "routing.http.response.server.enabled"},
)
#: A condition's block: the API's field, the API's member.
_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def _judge_actions(actions: Any, where: str) -> list[Failure]:
    """Each action has the block of its type; the last one answers the request, those before it only look at it."""
    if not isinstance(actions, list):
        return []
    failures = []
    known = [action if isinstance(action, dict) else {} for action in actions]
    for index, action in enumerate(known):
        kind, place = action.get("type"), f"{where}[{index}]"
        if kind == "jwt-validation":
            failures.append(Failure(f"{place}.type", "jwt-validation is not emulated"))
        elif isinstance(kind, str) and kind in _BLOCKS and not any(name in action for name in _BLOCKS[kind]):
            failures.append(Failure(place, f"an action of type {kind} needs {' or '.join(_BLOCKS[kind])}"))
        failures += _judge_forward(action, place)
    kinds = [action.get("type") for action in known]
    if UNKNOWN in kinds or None in kinds:
        return failures
    final = [kind for kind in kinds if kind in {"forward", "redirect", "fixed-response"}]
    if len(final) != 1 or kinds[-1] not in final:
        reason = "exactly one action, the last, must be of type forward, redirect or fixed-response"
        failures.append(Failure(where, reason))
    return failures


def _judge_forward(action: Props, place: str) -> list[Failure]:
    """Two ways to say where to must not contradict each other; a redirect must not lead to itself."""
    forward, arn = action.get("forward"), action.get("targetGroupArn")
    if isinstance(forward, dict) and arn is not None:
        groups = forward.get("targetGroups")
        if UNKNOWN in (arn, groups) or has_unknown(groups):
            return []
        if [row.get("arn") for row in groups or ()] != [arn]:
            return [Failure(f"{place}.targetGroupArn", "cannot go with forward unless both name the same one group")]
    redirect = action.get("redirect")
    if isinstance(redirect, dict):
        kept = {"protocol": "#{protocol}", "port": "#{port}", "host": "#{host}", "path": "/#{path}"}
        if all(redirect.get(name, value) == value for name, value in kept.items()):
            return [Failure(f"{place}.redirect", "leads to itself: protocol, port, host or path must differ")]
    return []


def _own_blocks(action: Props) -> Props:
    """An action without the blocks of other types, which the provider does not send."""
    own = {"type", "order", *_BLOCKS.get(action["type"], ())}
    return {name: value for name, value in action.items() if name in own and value is not None}


class Listener(ResourceType):
    """A port that a load balancer listens on."""

    pulumi_type = "aws:lb/listener:Listener"
    service = "elbv2"
    cfn = "AWS::ElasticLoadBalancingV2::Listener"
    cfn_rename = _ACTIONS
    kind = "listener"
    read_op, read_param, read_path = "DescribeListeners", "ListenerArns[]", "Listeners[0]"
    delete_op, delete_param = "DeleteListener", "ListenerArn"
    gone = ("ListenerNotFound",)
    tags = tagging.ELB
    rename: ClassVar = {**_ACTIONS}

    def normalise(self, inputs: Props) -> Props:
        """Without a protocol it is HTTP, and an HTTPS listener has a policy (listener.go)."""
        full = dict(inputs)
        full.setdefault("protocol", "HTTP")
        if isinstance(full["protocol"], str):
            full["protocol"] = full["protocol"].upper()
        return full

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The actions, and that a client's certificate is asked for in a way that works."""
        failures = _judge_actions(inputs.get("defaultActions"), "defaultActions")
        if inputs.get("protocol") in {"TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"}:
            failures.append(Failure("protocol", "is for network load balancers, which are not emulated"))
        failures += [
            Failure(name, "is for network and gateway load balancers, which are not emulated")
            for name in ("alpnPolicy", "tcpIdleTimeoutSeconds")
            if inputs.get(name) is not None
        ]
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Create it, then set its headers."""
        params = {"LoadBalancerArn": inputs["loadBalancerArn"], **self._params(api, inputs, set(inputs))}
        answer = api.call("CreateListener", **params, **self.tag_params(inputs))
        api.created_id = str(answer["Listeners"][0]["ListenerArn"])
        self._set(api, api.created_id, inputs)
        return api.created_id

    def _params(self, api: Api, props: Props, names: set[str]) -> dict[str, Any]:
        taken = names & props.keys() & {"port", "protocol", "sslPolicy", "mutualAuthentication"}
        params = api.params("CreateListener", props, only=sorted(taken))
        if "defaultActions" in names:
            actions = {"defaultActions": [_own_blocks(action) for action in props["defaultActions"]]}
            params.update(api.params("CreateListener", actions, rename=self.rename))
        if "certificateArn" in names and props.get("certificateArn"):
            params["Certificates"] = [{"CertificateArn": props["certificateArn"]}]
        return params

    @staticmethod
    def _set(api: Api, arn: str, props: Props) -> None:
        attributes = _HEADERS.encode(props)
        if attributes:
            api.call("ModifyListenerAttributes", ListenerArn=arn, Attributes=pairs(attributes))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The description, the certificate and the headers."""
        attributes = from_pairs(api.call("DescribeListenerAttributes", ListenerArn=object_id))
        # `arn` means the listener's own here, a target group's in the actions.
        props = super().outputs(api, object_id, {**inputs, "arn": object_id}, found)
        props["arn"] = object_id
        props["certificateArn"] = next((row["CertificateArn"] for row in found.get("Certificates", [])), None)
        if (found.get("MutualAuthentication") or {"Mode": "off"})["Mode"] == "off":
            props["mutualAuthentication"] = inputs.get("mutualAuthentication") and {"mode": "off"}
        headers = _HEADERS.decode(attributes)
        return {**props, **{name: value for name, value in headers.items() if name in inputs or value}}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """What an HTTPS listener is made of goes along with every change, as the provider sends it."""
        names = changed & {"port", "protocol", "sslPolicy", "certificateArn", "defaultActions", "mutualAuthentication"}
        if names:
            # Port, protocol, policy and certificate are sent with every change, as by the provider.
            params = self._params(api, news, names | {"port", "protocol", "sslPolicy", "certificateArn"})
            api.call("ModifyListener", ListenerArn=object_id, **params)
        self._set(api, object_id, {name: news.get(name) for name in changed})


class ListenerRule(ResourceType):
    """Which requests a listener treats differently."""

    pulumi_type = "aws:lb/listenerRule:ListenerRule"
    service = "elbv2"
    cfn = "AWS::ElasticLoadBalancingV2::ListenerRule"
    cfn_rename: ClassVar = {**_ACTIONS, **{name: member for name, (_, member) in _CONDITIONS.items()}}
    kind = "listener-rule"
    read_op, read_param, read_path = "DescribeRules", "RuleArns[]", "Rules[0]"
    delete_op, delete_param = "DeleteRule", "RuleArn"
    gone = ("RuleNotFound",)
    tags = tagging.ELB
    rename: ClassVar = {**_ACTIONS}

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The actions and the conditions."""
        failures = _judge_actions(inputs.get("actions"), "actions")
        if given(inputs, "transforms"):
            failures.append(Failure("transforms", "rewriting requests is not emulated"))
        conditions = inputs.get("conditions")
        if isinstance(conditions, list):
            failures += _judge_conditions(conditions)
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Create it; without a priority it comes after all others (listener_rule.go)."""
        params = self._params(api, inputs)
        answer = api.call(
            "CreateRule",
            ListenerArn=inputs["listenerArn"],
            Priority=int(inputs["priority"]) if inputs.get("priority") else _last(api, inputs["listenerArn"]) + 1,
            **params,
            **self.tag_params(inputs),
        )
        api.created_id = str(answer["Rules"][0]["RuleArn"])
        return api.created_id

    def _params(self, api: Api, inputs: Props) -> dict[str, Any]:
        actions = {"actions": [_own_blocks(action) for action in inputs["actions"]]}
        params = api.params("CreateRule", actions, rename=self.rename)
        params["Conditions"] = [_condition(row) for row in inputs["conditions"]]
        return params

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The description; a rule's ARN holds its listener's."""
        props = super().outputs(api, object_id, {**inputs, "arn": object_id}, found)
        props["arn"] = object_id
        props["listenerArn"] = object_id.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        props["priority"] = int(found["Priority"])
        props["conditions"] = [_block(row) for row in found["Conditions"]]
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The priority has a call of its own."""
        if "priority" in changed and news.get("priority"):
            row = {"RuleArn": object_id, "Priority": int(news["priority"])}
            api.call("SetRulePriorities", RulePriorities=[row])
        if changed & {"actions", "conditions"}:
            api.call("ModifyRule", RuleArn=object_id, **self._params(api, news))


def _last(api: Api, listener: str) -> int:
    rules = api.call("DescribeRules", ListenerArn=listener)["Rules"]
    return max([int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"], default=0)


def _condition(row: Props) -> dict[str, Any]:
    name, block = next((name, row[name]) for name in _CONDITIONS if row.get(name))
    field, member = _CONDITIONS[name]
    if name == "queryStrings":
        values = [{key.capitalize(): value for key, value in pair.items()} for pair in block]
        return {"Field": field, member: {"Values": values}}
    names = {"values": "Values", "regexValues": "RegexValues", "httpHeaderName": "HttpHeaderName"}
    return {"Field": field, member: {names[key]: value for key, value in block.items() if value}}


def _block(row: Mapping[str, Any]) -> Props:
    name, member = next((name, member) for name, (field, member) in _CONDITIONS.items() if field == row["Field"])
    config = row.get(member) or {}
    if name == "queryStrings":
        return {name: [{key.lower(): value for key, value in pair.items()} for pair in config["Values"]]}
    return {name: {key[0].lower() + key[1:]: value for key, value in config.items()}}


def _judge_conditions(rows: list[Any]) -> list[Failure]:
    """One block a row; path and host at most once; at most five values in all (the service's quotas)."""
    failures = []
    fields: list[str] = []
    values = 0
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            continue
        found = [name for name in _CONDITIONS if given(row, name)]
        if len(found) != 1:
            shown = f"{', '.join(found)} are set" if found else "none is set"
            failures.append(Failure(f"conditions[{index}]", f"exactly one of {', '.join(_CONDITIONS)}; {shown}"))
            continue
        fields += found
        place = f"conditions[{index}].{found[0]}"
        listed = _values(row[found[0]])
        values += len(listed)
        if found[0] in {"hostHeader", "pathPattern", "httpHeader"} and isinstance(row[found[0]], dict):
            both = [name for name in ("values", "regexValues") if given(row[found[0]], name)]
            if len(both) != 1:
                failures.append(Failure(place, "needs one of values, regexValues"))
    failures += [
        Failure("conditions", f"{name} may be the field of one condition only")
        for name in ("hostHeader", "pathPattern", "httpRequestMethod", "sourceIp")
        if fields.count(name) > 1
    ]
    if values > 5:  # noqa: PLR2004 -- the quota "condition values per rule"
        failures.append(Failure("conditions", f"{values} values; a rule may have 5 in all its conditions"))
    return failures


def _values(block: Any) -> list[Any]:
    """What a condition compares with, as far as it is known."""
    if isinstance(block, dict):
        return [*_values(block.get("values")), *_values(block.get("regexValues"))]
    return block if isinstance(block, list) else []


TYPES = (Listener(), ListenerRule())
