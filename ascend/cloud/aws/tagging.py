"""How each service spells tags. AWS has a dozen ways to say the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.answers import dig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.aws.api import Api


@dataclass(frozen=True, slots=True)
class TagStyle:
    """One service's way with tags.

    Attributes:
        parameter: the create operation's parameter.
        key: the name of a tag's key, empty where tags are a plain map.
        value: the name of a tag's value.
        add: operation that sets tags, empty if the type cannot change them.
        remove: operation that takes tags away.
        target: the parameter of `add` and `remove` that names the object.
        target_list: whether that parameter is a list; for `read` as well.
        add_parameter: the parameter of `add` that holds tags.
        remove_parameter: the parameter of `remove` that holds keys.
        read: operation that lists the tags of one object.
        read_path: where they are in its answer, a path as `dig` reads it.
        resource_type: for EC2's ``TagSpecifications``.
        remove_pairs: whether `remove` takes tags as `add` does, not bare keys.
    """

    parameter: str = "Tags"
    key: str = "Key"
    value: str = "Value"
    add: str = "TagResource"
    remove: str = "UntagResource"
    target: str = "ResourceArn"
    target_list: bool = False
    add_parameter: str = "Tags"
    remove_parameter: str = "TagKeys"
    read: str = "ListTagsForResource"
    read_path: str = "Tags"
    resource_type: str = ""
    remove_pairs: bool = False

    def encode(self, tags: Mapping[str, str]) -> Any:
        """Tags as the API's requests hold them."""
        if not self.key:
            return dict(tags)
        return [{self.key: key, self.value: value} for key, value in sorted(tags.items())]

    def decode(self, tags: Any) -> dict[str, str]:
        """Tags as the API's answers hold them; AWS's own (``aws:…``) are not the user's."""
        pairs = tags.items() if isinstance(tags, dict) else ((tag[self.key], tag[self.value]) for tag in tags or ())
        return {key: value for key, value in pairs if not key.startswith("aws:")}

    def create_params(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """What the create operation takes; nothing where there are no tags."""
        if not tags:
            return {}
        if self.resource_type:
            return {"TagSpecifications": [{"ResourceType": self.resource_type, "Tags": self.encode(tags)}]}
        return {self.parameter: self.encode(tags)}

    def change(self, api: Api, target: str, olds: Mapping[str, str], news: Mapping[str, str]) -> None:
        """Bring an existing object's tags from `olds` to `news`."""
        name: Any = [target] if self.target_list else target
        removed = sorted(olds.keys() - news.keys())
        changed = {key: value for key, value in news.items() if olds.get(key) != value}
        if removed:
            keys: Any = [{"Key": key} for key in removed] if self.resource_type or self.remove_pairs else removed
            api.call(self.remove, **{self.target: name, self.remove_parameter: keys})
        if changed:
            api.call(self.add, **{self.target: name, self.add_parameter: self.encode(changed)})

    def fetch(self, api: Api, target: str) -> dict[str, str]:
        """The tags of an existing object."""
        name: Any = [target] if self.target_list else target
        return self.decode(dig(api.call(self.read, **{self.target: name}), self.read_path))


def ec2(resource_type: str) -> TagStyle:
    """EC2: tags come with descriptions, and are set by id."""
    return TagStyle(
        add="CreateTags",
        remove="DeleteTags",
        target="Resources",
        target_list=True,
        remove_parameter="Tags",
        read="",
        resource_type=resource_type,
    )


#: ``[{Key, Value}]`` with ``TagResource``/``UntagResource``/``ListTagsForResource`` by ``ResourceArn``.
LIST = TagStyle()
#: RDS.
RDS = TagStyle(add="AddTagsToResource", remove="RemoveTagsFromResource", target="ResourceName", read_path="TagList")
#: ECS: lower-case names.
ECS = TagStyle(
    parameter="tags",
    key="key",
    value="value",
    target="resourceArn",
    add_parameter="tags",
    remove_parameter="tagKeys",
    read_path="tags",
)
#: KMS.
KMS = TagStyle(key="TagKey", value="TagValue", target="KeyId", read="ListResourceTags")
#: ACM.
ACM = TagStyle(
    add="AddTagsToCertificate",
    remove="RemoveTagsFromCertificate",
    target="CertificateArn",
    remove_parameter="Tags",
    read="ListTagsForCertificate",
    remove_pairs=True,
)
#: Elastic Load Balancing: by a list of ARNs.
ELB = TagStyle(
    add="AddTags",
    remove="RemoveTags",
    target="ResourceArns",
    target_list=True,
    read="DescribeTags",
    read_path="TagDescriptions[0].Tags",
)
#: WAF.
WAF = TagStyle(target="ResourceARN", read_path="TagInfoForResource.TagList")
