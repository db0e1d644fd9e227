"""SNS and SQS keep what other services have as parameters in one map of strings: properties to attributes and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.values import Props


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which property is which attribute.

    Attributes:
        text: properties whose value is the attribute's text.
        numbers: integers.
        booleans: booleans, ``true`` and ``false``.
    """

    text: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    booleans: Mapping[str, str] = field(default_factory=dict)

    def encode(self, props: Props) -> dict[str, str]:
        """The attributes for the given properties; others are left out, None becomes empty (numbers: left out)."""
        attributes = {self.text[name]: str(value or "") for name, value in props.items() if name in self.text}
        attributes.update(
            {
                self.numbers[name]: str(int(value))
                for name, value in props.items()
                if name in self.numbers and value is not None
            }
        )
        attributes.update(
            {
                self.booleans[name]: "true" if value else "false"
                for name, value in props.items()
                if name in self.booleans
            }
        )
        return attributes

    def decode(self, attributes: Mapping[str, str]) -> Props:
        """The properties that attributes say something about."""
        props: Props = {name: attributes[key] for name, key in self.text.items() if attributes.get(key)}
        props.update({name: int(attributes[key]) for name, key in self.numbers.items() if attributes.get(key)})
        props.update({name: attributes.get(key, "").lower() == "true" for name, key in self.booleans.items()})
        return props
