"""One AWS resource type: how the embedded cloud creates, reads, updates and deletes it.

A type is a class with one instance. For a plain type the class attributes say everything; where AWS is not plain, a
method is overridden. `ascend.cloud.aws.types` explains how to add one.
"""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws.answers import dig
from ascend.cloud.aws.api import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.cloud.aws.api import Api
    from ascend.cloud.aws.tagging import TagStyle
    from ascend.cloud.provider import Failure
    from ascend.cloud.values import Props


class ResourceType:
    """A resource type by its API operations.

    Class attributes:
        pulumi_type: the Pulumi type token.
        service: the boto3 service.
        cfn: the CloudFormation type whose schema also judges the inputs; empty for none.
        cfn_rename: property name to CloudFormation name, where letter case is not the only difference.
        cfn_rules: cfn-lint's extension schemas to apply (``aws_rds_dbinstance/db_instance_class``).
        kind: what references to this type look like (`data/references.yaml`), so that they are known to exist.
        create_op: operation that creates, with the inputs as parameters.
        rename: property name to parameter name, for create, update and read, where the names differ.
        create_skip: inputs that the create operation does not take (`after_create` or another call does).
        id_path: where the create operation's answer has the id.
        read_op, read_param, read_path: operation that describes one object, the parameter that takes the id (a list
            where the name ends in ``[]``), where the answer has the description.
        update_op: operation that changes the object; only changed properties are sent, and the id as `update_param`.
        update_skip: changed properties that the update operation does not take.
        delete_op, delete_param: operation that deletes, and the parameter that takes the id.
        gone: error codes that mean that the object does not exist.
        tags: how tags are spelled, None if the type has none.
        delete_before_replace: whether the old object must always go before a new one can be.
    """

    pulumi_type: ClassVar[str]
    service: ClassVar[str]
    cfn: ClassVar[str] = ""
    cfn_rename: ClassVar[Mapping[str, str]] = {}
    cfn_rules: ClassVar[Sequence[str]] = ()
    kind: ClassVar[str] = ""
    create_op: ClassVar[str] = ""
    rename: ClassVar[Mapping[str, str]] = {}
    create_skip: ClassVar[Sequence[str]] = ()
    id_path: ClassVar[str] = ""
    read_op: ClassVar[str] = ""
    read_param: ClassVar[str] = ""
    read_path: ClassVar[str] = ""
    update_op: ClassVar[str] = ""
    update_param: ClassVar[str] = ""
    update_skip: ClassVar[Sequence[str]] = ()
    delete_op: ClassVar[str] = ""
    delete_param: ClassVar[str] = ""
    gone: ClassVar[Sequence[str]] = ()
    tags: ClassVar[TagStyle | None] = None
    delete_before_replace: ClassVar[bool] = False

    @property
    def token(self) -> str:
        """The Pulumi type token."""
        return self.pulumi_type

    # Without a cloud

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """What the data of `facts` and cfn-lint cannot say. `values.UNKNOWN` may occur and is not judged."""
        return []

    def normalise(self, inputs: Props) -> Props:
        """Checked inputs in the form in which they are kept and compared."""
        return inputs

    def passed_over(self, state: Props, news: Props) -> set[str]:
        """Properties whose change from `state` to `news` the official provider calls none (its DiffSuppressFunc)."""
        return set()

    # Against the API

    def create(self, api: Api, inputs: Props) -> str:
        """Make the object and return its id. Sets ``api.created_id`` before anything else that may fail."""
        params = api.params(self.create_op, inputs, rename=self.rename, skip=self.create_skip)
        params.update(self.tag_params(inputs))
        answer = api.call(self.create_op, **params)
        api.created_id = self.id_of(api, inputs, answer)
        self.after_create(api, api.created_id, inputs)
        return api.created_id

    def id_of(self, api: Api, inputs: Props, answer: Mapping[str, Any]) -> str:
        """The resource's id from the create operation's answer."""
        return str(dig(answer, self.id_path))

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """The calls that complete a new object."""

    def read(self, api: Api, object_id: str, inputs: Props) -> Props | None:
        """The outputs that the API knows (`inputs` are merged under them by the caller), None when it is gone."""
        found = self.describe(api, object_id, inputs)
        return None if found is None else self.outputs(api, object_id, inputs, found)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The API's description of the object, None when it is gone."""
        name = self.read_param.removesuffix("[]")
        argument: Any = [object_id] if self.read_param.endswith("[]") else object_id
        answer = self.unless_gone(api, self.read_op, **{name: argument})
        if answer is None:
            return None
        found: dict[str, Any] | None = dig(answer, self.read_path) if self.read_path else answer
        return found

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Outputs from a description: by name, tags decoded. Types add what they compute."""
        props = api.props({key: value for key, value in found.items() if key.lower() != "tags"}, rename=self.rename)
        if self.tags and not self.tags.read:
            props["tagsAll"] = self.tags.decode(found.get(self.tags.parameter))
        elif self.tags:
            props["tagsAll"] = self.tags.fetch(api, self.tag_target(api, object_id, {**inputs, **props}))
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Change the object in place. `changed` are the top-level inputs that differ, tags excepted."""
        changed = changed - set(self.update_skip)
        if changed:
            present = {name: news[name] for name in changed if name in news}
            params = api.params(self.update_op, present, rename=self.rename)
            api.call(self.update_op, **{self.update_param: object_id}, **params)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Remove the object. `state` are its last outputs."""
        name = self.delete_param.removesuffix("[]")
        argument: Any = [object_id] if self.delete_param.endswith("[]") else object_id
        self.unless_gone(api, self.delete_op, **{name: argument})

    # Tags

    def tag_params(self, inputs: Props) -> dict[str, Any]:
        """The create operation's tag parameter, from ``tagsAll``."""
        return self.tags.create_params(inputs.get("tagsAll") or {}) if self.tags else {}

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:
        """What the tag operations call the object: its id for EC2, its ARN elsewhere."""
        return object_id if self.tags and (self.tags.resource_type or "arn" not in state) else str(state["arn"])

    def update_tags(self, api: Api, object_id: str, state: Props, olds: Props, news: Props) -> None:
        """Bring the tags up to date. `state` are the object's last outputs."""
        if self.tags and self.tags.add:
            before, after = olds.get("tagsAll") or {}, news.get("tagsAll") or {}
            if before != after:
                self.tags.change(api, self.tag_target(api, object_id, state), before, after)

    # Helpers

    def unless_gone(self, api: Api, operation: str, /, **params: Any) -> dict[str, Any] | None:
        """Call an operation; None if the API says that the object does not exist."""
        try:
            return api.call(operation, **params)
        except ApiError as error:
            if error.code in self.gone:
                return None
            raise
