"""The emulated aws provider: data and type classes put together behind the provider protocol."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from ascend.cloud import checks, schema
from ascend.cloud.aws import cfn, facts, naming, references, settings, types
from ascend.cloud.aws.api import Api
from ascend.cloud.aws.invokes import answer
from ascend.cloud.diff import Change, Kind, compare, same
from ascend.cloud.provider import Difference, Failure, PartialError, Provider, ProviderError, Resource
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.cloud.aws.moto import Moto
    from ascend.cloud.aws.resource import ResourceType
    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props

_META = frozenset({"__defaults"})


class AwsProvider(Provider):
    """The aws provider.

    Args:
        cloud: gives moto in this process when it is first needed; None for planning, where nothing is created or read.
    """

    name = "aws"

    def __init__(self, cloud: Callable[[], Moto] | None = None) -> None:
        self._cloud = cloud
        self._existing = references.Existing()

    # Configuration

    def check_config(self, news: Props) -> tuple[Props, list[Failure]]:
        """The settings must be the provider's, and the region one that AWS has."""
        if failures := settings.unknown(news):
            return news, failures
        region = news.get("region")
        if isinstance(region, str) and region not in cfn.regions():
            return news, [Failure("region", _no_region(region))]
        return news, []

    def replaces_on_config(self, olds: Props, news: Props) -> set[str]:
        """Another region is another cloud."""
        return {"region"} if olds.get("region") != news.get("region") else set()

    # Planning

    def check(self, resource: Resource, olds: Props, news: Props, seed: bytes) -> tuple[Props, list[Failure]]:
        """Defaults, then every check."""
        kind, known = self._type(resource.type)
        rules = facts.load(resource.type)
        failures = checks.by_schema(known, news)
        if failures:
            return news, failures
        inputs = {key: value for key, value in news.items() if key not in _META}
        defaulted = []
        if "region" in known.inputs.properties and "region" not in inputs:
            if "region" not in resource.config:
                return news, [Failure("region", "no region: set aws:region in the stack's config, or region here")]
            inputs["region"] = resource.config["region"]
            defaulted.append("region")
        for path, value in rules.defaults.items():
            if checks.fill(inputs, path, value):
                defaulted.append(path)
        named = naming.autoname(rules.name, resource.name, olds, inputs, seed)
        if isinstance(named, Failure):
            failures.append(named)
        elif named is not None:
            inputs[named[0]] = named[1]
            defaulted.append(named[0])
        if "tagsAll" in known.outputs and kind.tags:
            inputs["tagsAll"] = _all_tags(resource.config, inputs.get("tags"))
        inputs = kind.normalise(inputs)
        region = inputs.get("region", resource.config.get("region", "us-east-1"))
        inputs["__defaults"] = sorted(defaulted)
        failures += self._judge(kind, rules, inputs, region)
        return inputs, list(dict.fromkeys(failures))

    @staticmethod
    def _judge(kind: ResourceType, rules: facts.Facts, inputs: Props, region: Any) -> list[Failure]:
        failures = checks.by_facts(rules, inputs)
        if region is not UNKNOWN:
            if region not in cfn.regions():
                return [Failure("region", _no_region(region))]
            failures += cfn.judge(kind.cfn, region, inputs, kind.cfn_rename, kind.cfn_rules)
            failures += references.in_region(kind.token, inputs, region)
        failures += kind.check(_plain(inputs), region if isinstance(region, str) else "")
        # One refusal per property is enough: two sources often know the same rule.
        first: dict[str, Failure] = {}
        for failure in failures:
            first.setdefault(failure.property, failure)
        return list(first.values())

    def diff(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Difference:
        """Compare inputs by what the facts say of each property."""
        kind, _ = self._type(resource.type)
        rules = facts.load(resource.type)
        changes = _changes(kind, rules, old_inputs, news, olds)
        for row in rules.replace_if:
            for path in [row["property"]] if "property" in row else row["one_of_changes"]:
                if path in changes and _replaces(row, {**olds, **old_inputs}, news, changes):
                    changes[path] = Change(changes[path].kind, replace=True)
        replaced = any(change.replace for change in changes.values())
        return Difference(changes, replaced and self._must_go_first(resource.type, rules, old_inputs, news))

    @staticmethod
    def _must_go_first(token: str, rules: facts.Facts, olds: Props, news: Props) -> bool:
        """Whether the old object must be deleted before the new one: the two would have the same name."""
        if types.REGISTRY[token].delete_before_replace:
            return True
        field = str(rules.name.get("property", ""))
        return bool(field) and not naming.is_made_up(rules.name, news) and same(olds.get(field), news.get(field))

    def invoke(self, token: str, args: Props, config: Mapping[str, Any]) -> Props:
        """Answer a function call."""
        return answer(token, args, str(args.get("region") or config.get("region") or "us-east-1"))

    def secret_outputs(self, type_token: str) -> frozenset[str]:
        """What the SDK and the official provider hold secret."""
        known = schema.load(type_token)
        return facts.load(type_token).sensitive | (known.secrets if known else frozenset())

    # Changing

    def create(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """Create the object and read it back."""
        kind, api = self._api(resource, inputs)
        self._existing.require(api, inputs)
        given = _plain(inputs)
        try:
            object_id = kind.create(api, given)
            outputs = self._outputs(kind, api, object_id, given)
        except ProviderError as error:
            if api.created_id:
                partial = {**given, "id": api.created_id}
                raise PartialError(str(error), api.created_id, partial) from error
            raise
        if outputs is None:
            raise ProviderError(f"{api.where}: {object_id} was created and is not there")
        if kind.kind:
            regional = api.region if kind.kind not in {"iam-role"} else ""
            self._existing.add(
                kind.kind, regional, object_id, str(outputs.get("arn") or ""), str(outputs.get("name") or "")
            )
        return object_id, outputs

    def read(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> tuple[Props, Props] | None:
        """Read the object; inputs follow what changed outside."""
        kind, api = self._api(resource, {**olds, **inputs})
        given = _plain(inputs or olds)
        # Some ids stand for several objects (a task definition's family): the ARN says which.
        named = {"arn": olds["arn"]} if olds.get("arn") else {}
        outputs = self._outputs(kind, api, object_id, {**named, **given})
        if outputs is None:
            return None
        properties = api.schema.inputs.properties
        if not inputs:  # an import: all that is there and can be an input
            return {name: value for name, value in outputs.items() if name in properties and value is not None}, outputs
        refreshed = dict(inputs)
        for name, value in given.items():
            if name in outputs and name != "tags" and not _covers(outputs[name], value):
                refreshed[name] = outputs[name]
        if "tagsAll" in refreshed and refreshed["tagsAll"] != given.get("tagsAll"):
            refreshed["tags"] = outputs["tags"]
        return refreshed, outputs

    def update(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Props:
        """Send what changed, then read the object back."""
        kind, api = self._api(resource, news)
        self._existing.require(api, news)
        before, after = _plain(old_inputs), _plain(news)
        changes = _changes(kind, facts.load(resource.type), before, after, olds)
        changed = {path.split(".", 1)[0].split("[", 1)[0] for path in changes} - {"tags", "tagsAll"}
        state = {**olds, **before}
        if changed:
            kind.update(api, object_id, state, after, changed)
        kind.update_tags(api, object_id, state, before, after)
        outputs = self._outputs(kind, api, object_id, after)
        if outputs is None:
            raise ProviderError(f"{api.where}: {object_id} no longer exists; refresh the stack")
        return outputs

    def delete(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> None:
        """Delete the object."""
        kind, api = self._api(resource, {**olds, **inputs})
        kind.delete(api, object_id, {**_plain(inputs), **olds})
        self._existing.remove(object_id, str(olds.get("arn") or ""), str(olds.get("name") or ""))

    # Shared parts

    @staticmethod
    def _type(token: str) -> tuple[ResourceType, ResourceSchema]:
        kind, known = types.REGISTRY.get(token), schema.load(token)
        if kind is None or known is None:
            near = difflib.get_close_matches(token, types.TOKENS, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else f"there are {len(types.TOKENS)} types; see ascend/cloud/aws/types"
            )
            raise ProviderError(f"{token} is not emulated by the embedded aws provider; {hint}")
        return kind, known

    def _api(self, resource: Resource, props: Props) -> tuple[ResourceType, Api]:
        kind, known = self._type(resource.type)
        if self._cloud is None:
            raise ProviderError("the embedded cloud is not running: this provider only plans")
        region = str(props.get("region") or resource.config.get("region") or "us-east-1")
        return kind, Api(self._cloud(), region, kind.service, known, f"{resource.type} {resource.name}")

    @staticmethod
    def _outputs(kind: ResourceType, api: Api, object_id: str, inputs: Props) -> Props | None:
        found = kind.read(api, object_id, inputs)
        if found is None:
            return None
        hidden = facts.load(kind.token).write_only
        outputs = {name: value for name, value in inputs.items() if name not in hidden}
        outputs.update({name: value for name, value in found.items() if value is not None})
        if "region" in api.schema.outputs:
            outputs["region"] = api.region
        if "tagsAll" in found and found["tagsAll"] != inputs.get("tagsAll", {}):
            outputs["tags"] = found["tagsAll"]
        outputs["id"] = object_id
        return outputs


def _changes(kind: ResourceType, rules: facts.Facts, olds: Props, news: Props, state: Props) -> dict[str, Change]:
    """The changes between inputs, by what the facts say of equality."""
    before, after = _lowered(rules, olds), _lowered(rules, news)
    passed_over = kind.passed_over(state, news)
    return {
        path: change
        for path, change in compare(before, after, rules.force_new, rules.sets, _META).items()
        # An input that AWS fills in by itself keeps its value when the program no longer names it, and it is no change
        # when the program begins to name the value that is there.
        if path not in passed_over
        and (
            path not in rules.computed
            or not (
                change.kind is Kind.DELETE
                or (change.kind is Kind.ADD and path in state and same(state[path], after[path]))
            )
        )
    }


def _lowered(rules: facts.Facts, inputs: Props) -> Props:
    lowered = {name: inputs[name].lower() for name in rules.lower if isinstance(inputs.get(name), str)}
    return {**inputs, **lowered}


def _plain(inputs: Props) -> Props:
    return {name: value for name, value in inputs.items() if name not in _META}


def _no_region(region: Any) -> str:
    near = difflib.get_close_matches(str(region), cfn.regions(), n=3)
    return f'"{region}" is not an AWS region' + (f"; near: {', '.join(near)}" if near else "")


def _all_tags(config: Mapping[str, Any], tags: Any) -> Any:
    """A resource's tags over the provider's default ones."""
    if tags is UNKNOWN:
        return UNKNOWN
    default = config.get("defaultTags") or {}
    if isinstance(default, str):  # nested provider configuration travels as JSON
        default = json.loads(default)
    return {**(default.get("tags") or {}), **(tags or {})} if isinstance(default, dict) else UNKNOWN


def _replaces(row: Mapping[str, Any], olds: Props, news: Props, changes: Mapping[str, Change]) -> bool:
    """Whether the condition of a conditional replacement holds."""
    if "unless" in row:
        return not all(same(news.get(name), value) for name, value in row["unless"].items())
    if "old" in row:
        return all(same(olds.get(name), value) for name, value in row["old"].items())
    if "old_below" in row:
        return all(() < _version(olds.get(name)) < _version(limit) for name, limit in row["old_below"].items())
    if "one_of_changes" in row:
        return any(changes.get(name, Change(Kind.UPDATE)).kind is Kind.ADD for name in row["one_of_changes"])
    if row.get("when") == "downgrade":
        path = row["property"]
        return _version(olds.get(path)) > _version(news.get(path)) > ()
    return True


def _version(text: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".") if part.isdigit()) if isinstance(text, str) else ()


def _covers(actual: Any, wanted: Any) -> bool:
    """Whether what is there satisfies what was asked for; AWS adds fields and reorders lists."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return all(_covers(actual.get(name), item) for name, item in wanted.items())
    if isinstance(wanted, list) and isinstance(actual, list):
        left = list(actual)
        for item in wanted:
            match = next((other for other in left if _covers(other, item)), None)
            if match is None:
                return False
            left.remove(match)
        return not left
    if isinstance(wanted, bool | int | float) and isinstance(actual, str):
        return actual.lower() == str(wanted).lower()
    if wanted in (None, "", False) and actual in (None, "", False):
        return True
    return same(actual, wanted)
