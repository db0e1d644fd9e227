"""AWS WAF: web ACLs. What protects something, and where its log goes, are in `wafv2_associations`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging, waf
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: Blocks that the provider writes as lists of one and the API as objects: property and the API's name.
_SINGLE = {"headers": "Headers", "headerOrders": "HeaderOrder", "matchPatterns": "MatchPattern"}
#: Lists whose names differ.
_RENAME = {"asnLists": "AsnList"}
_GROUPS = ("managedRuleGroupStatement", "ruleGroupReferenceStatement")


def _walk(node: Any, change: Callable[[str, dict[str, Any]], dict[str, Any]], name: str = "") -> Any:
    """A copy of a tree with every object changed, the innermost first."""
    if isinstance(node, dict):
        return change(name, {key: _walk(item, change, key) for key, item in node.items()})
    if isinstance(node, list):
        return [_walk(item, change, name) for item in node]
    return node


def _to_api(name: str, block: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 -- a change for `_walk`
    single = {key: item for key, item in block.items() if key in _SINGLE and isinstance(item, list) and len(item) == 1}
    rest = {key: item for key, item in block.items() if key not in single}
    return {**rest, **{_SINGLE[key]: item[0] for key, item in single.items()}}


def _from_api(name: str, block: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 -- as above
    """As objects and as lists of one: a property takes its own. A search string comes as bytes."""
    lists = {key: [block[member]] for key, member in _SINGLE.items() if isinstance(block.get(member), dict)}
    plain = {key: item.decode() if isinstance(item, bytes) else item for key, item in block.items()}
    return {**plain, **lists}


class WebAcl(ResourceType):
    """A web ACL."""

    pulumi_type = "aws:wafv2/webAcl:WebAcl"
    service = "wafv2"
    cfn = "AWS::WAFv2::WebACL"
    cfn_rename: ClassVar = {"customResponseBodies": ""}
    rename: ClassVar = _RENAME
    kind = "web-acl"
    gone = ("WAFNonexistentItemException",)
    tags = tagging.WAF
    #: Real properties that nothing behind the embedded cloud takes.
    unsupported: ClassVar = ("associationConfig", "dataProtectionConfig", "monetizationConfig")
    #: What the update operation replaces as a whole.
    blocks: ClassVar = (
        "captchaConfig",
        "challengeConfig",
        "defaultAction",
        "description",
        "tokenDomains",
        "visibilityConfig",
    )

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """What the combination of rules, actions and bodies must be."""
        failures = [Failure(name, "is not emulated") for name in self.unsupported if name in inputs]
        if inputs.get("scope") == "CLOUDFRONT" and region not in {"us-east-1", ""}:
            failures.append(Failure("scope", f"CLOUDFRONT is for us-east-1 only; the web ACL is in {region}"))
        failures += _one_of("defaultAction", inputs.get("defaultAction"), ("allow", "block"))
        rules = inputs.get("rules")
        if isinstance(rules, list):
            failures += _judge_rules(rules)
            failures += _judge_bodies(inputs)
            failures += _judge_capacity(rules)
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Create it."""
        params = {"Name": inputs["name"], "Scope": inputs["scope"], **self._params(api, inputs)}
        answer = api.call("CreateWebACL", **params, **self.tag_params(inputs))
        api.created_id = str(answer["Summary"]["Id"])
        return api.created_id

    def _params(self, api: Api, inputs: Props) -> dict[str, Any]:
        params = api.params("CreateWebACL", inputs, only=self.blocks)
        if inputs.get("ruleJson"):
            params["Rules"] = json.loads(inputs["ruleJson"])
        else:
            rules = {"rules": _walk(inputs.get("rules") or [], _to_api)}
            params.update(api.params("CreateWebACL", rules, rename=self.rename))
        if inputs.get("customResponseBodies"):
            params["CustomResponseBodies"] = {
                row["key"]: {"Content": row["content"], "ContentType": row["contentType"]}
                for row in inputs["customResponseBodies"]
            }
        return params

    @staticmethod
    def _named(object_id: str, state: Props) -> dict[str, str]:
        """An import is by ``<id>/<name>/<scope>``, as the provider's."""
        first, _, rest = object_id.partition("/")
        name, _, scope = rest.partition("/")
        named = {"Id": first, "Name": str(state.get("name") or name), "Scope": str(state.get("scope") or scope)}
        if not all(named.values()):
            raise ProviderError(f"aws:wafv2/webAcl:WebAcl: import {first} as <id>/<name>/<scope>")
        return named

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The web ACL with the token that the next change must show."""
        answer = self.unless_gone(api, "GetWebACL", **self._named(object_id, inputs))
        return None if answer is None else {**answer["WebACL"], "LockToken": answer["LockToken"]}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Rules in the provider's form."""
        bodies = found.pop("CustomResponseBodies", None) or {}
        props = super().outputs(api, object_id, {**inputs, "arn": found["ARN"]}, _walk(found, _from_api))
        props["scope"] = self._named(object_id, inputs)["Scope"]
        props["description"] = found.get("Description") or None
        props["customResponseBodies"] = [
            {"key": key, "content": body["Content"], "contentType": body["ContentType"]}
            for key, body in sorted(bodies.items())
        ] or None
        if inputs.get("ruleJson"):
            props["rules"] = None
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Everything is replaced at once, under the token of what is there."""
        if changed:
            named = self._named(object_id, news)
            token = api.call("GetWebACL", **named)["LockToken"]
            api.call("UpdateWebACL", LockToken=token, **named, **self._params(api, news))

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Under the token of what is there."""
        named = self._named(object_id, state)
        found = self.unless_gone(api, "GetWebACL", **named)
        if found is not None:
            self.unless_gone(api, "DeleteWebACL", LockToken=found["LockToken"], **named)


def _one_of(path: str, block: Any, names: tuple[str, ...]) -> list[Failure]:
    if not isinstance(block, dict) or has_unknown(list(block)):
        return []
    given = [name for name in names if name in block]
    if len(given) == 1:
        return []
    return [Failure(path, f"needs exactly one of {', '.join(names)}; has {', '.join(given) or 'none'}")]


def _judge_rules(rules: list[Any]) -> list[Failure]:
    failures = []
    known = [(index, rule) for index, rule in enumerate(rules) if isinstance(rule, dict)]
    for field in ("name", "priority"):
        seen: list[Any] = []
        for index, rule in known:
            value = rule.get(field)
            if value in seen and value is not UNKNOWN:
                failures.append(Failure(f"rules[{index}].{field}", f"{value} is used twice"))
            seen.append(value)
    for index, rule in known:
        failures += _judge_rule(rule, f"rules[{index}]")
    return failures


def _judge_rule(rule: Props, place: str) -> list[Failure]:
    """A rule that names a group overrides the group's actions; any other has an action of its own."""
    statement = rule.get("statement")
    if not isinstance(statement, dict):
        return []
    if len(statement) != 1:
        return [Failure(f"{place}.statement", f"needs exactly one statement; has {', '.join(statement) or 'none'}")]
    names_group = next(iter(statement)) in _GROUPS
    wanted, other = ("overrideAction", "action") if names_group else ("action", "overrideAction")
    if wanted not in rule or other in rule:
        what = "a rule that names a rule group" if names_group else "a rule with a statement of its own"
        return [Failure(f"{place}.{wanted}", f"{what} needs {wanted} and no {other}")]
    choices = ("none", "count") if names_group else ("allow", "block", "captcha", "challenge", "count")
    failures = _one_of(f"{place}.{wanted}", rule[wanted], choices)
    for path, name, block in _statements(statement, f"{place}.statement"):
        if name == "managedRuleGroupStatement":
            failures += _judge_group(block, path)
        elif name == "rateBasedStatement":
            failures += _judge_rate(block, path)
    return failures


def _statements(statement: Any, path: str) -> Iterator[tuple[str, str, Props]]:
    """A statement and those within it."""
    if not isinstance(statement, dict):
        return
    for name, block in statement.items():
        if not isinstance(block, dict):
            continue
        yield f"{path}.{name}", name, block
        nested = block.get("statements")
        for index, item in enumerate(nested if isinstance(nested, list) else ()):
            yield from _statements(item, f"{path}.{name}.statements[{index}]")
        for below in ("statement", "scopeDownStatement"):
            yield from _statements(block.get(below), f"{path}.{name}.{below}")


def _judge_group(block: Props, path: str) -> list[Failure]:
    name = block.get("name")
    if block.get("vendorName") == "AWS" and isinstance(name, str) and name not in waf.managed_groups():
        return [Failure(f"{path}.name", f'AWS has no managed rule group "{name}"')]
    return []


def _judge_rate(block: Props, path: str) -> list[Failure]:
    """What requests are counted by decides what else must be said."""
    needed = {"FORWARDED_IP": "forwardedIpConfig", "CUSTOM_KEYS": "customKeys", "CONSTANT": "scopeDownStatement"}
    kind = block.get("aggregateKeyType")
    wanted = needed.get(kind) if isinstance(kind, str) else None
    if wanted and wanted not in block:
        return [Failure(f"{path}.{wanted}", f"must be set with aggregateKeyType {kind}")]
    if kind in ("IP", "CONSTANT") and "forwardedIpConfig" in block:
        return [Failure(f"{path}.forwardedIpConfig", f"has no use with aggregateKeyType {kind}")]
    return []


def _judge_bodies(inputs: Props) -> list[Failure]:
    """An answer of one's own must be one that the web ACL has."""
    bodies = inputs.get("customResponseBodies", [])
    if has_unknown(bodies):
        return []
    known = {row.get("key") for row in bodies}
    failures = []
    blocks = [("defaultAction", inputs.get("defaultAction"))]
    blocks += [
        (f"rules[{index}].action", rule.get("action"))
        for index, rule in enumerate(inputs["rules"])
        if isinstance(rule, dict)
    ]
    for path, action in blocks:
        block = action.get("block") if isinstance(action, dict) else None
        response = block.get("customResponse") if isinstance(block, dict) else None
        key = response.get("customResponseBodyKey") if isinstance(response, dict) else None
        if isinstance(key, str) and key not in known:
            failures.append(
                Failure(
                    f"{path}.block.customResponse.customResponseBodyKey", f'there is no custom response body "{key}"'
                )
            )
    return failures


def _judge_capacity(rules: list[Any]) -> list[Failure]:
    if has_unknown(rules):
        return []
    units = waf.capacity(_walk(_walk(rules, _to_api), _in_api_case))
    if units is None or units <= waf.LIMIT:
        return []
    return [Failure("rules", f"need {units} capacity units; a web ACL may have {waf.LIMIT}")]


def _in_api_case(name: str, block: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 -- a change for `_walk`
    """The API's names of statements and what is in them, as far as they matter for the capacity."""
    cased = {key[0].upper() + key[1:]: item for key, item in block.items()}
    if "IpSetReferenceStatement" in cased:
        cased["IPSetReferenceStatement"] = cased.pop("IpSetReferenceStatement")
    return cased


TYPES = (WebAcl(),)
