"""What the models of a system are made of: strictness, values per phase, ranges, names."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from infra.phases import PhaseName

T = TypeVar("T")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=64)]
PositiveInt = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(gt=0, le=100)]
Share = Annotated[float, Field(gt=0, le=1)]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_/.-]*/$")]


def _each_phase(value: Any) -> Any:
    """A value given once holds from the first phase on."""
    names = {str(phase) for phase in PhaseName}
    return (
        value if isinstance(value, dict) and (not value or names & value.keys()) else {PhaseName.SINGLE_REGION: value}
    )


#: A value per phase. Look it up with `at`.
PerPhase = Annotated[Mapping[PhaseName, T], BeforeValidator(_each_phase)]


def at(values: Mapping[PhaseName, T], phase: PhaseName) -> T | None:
    """The value that holds at `phase`: its own, else that of the nearest phase before it; None if there is none."""
    named = [name for name in PhaseName if name in values and name.number <= phase.number]
    return values[named[-1]] if named else None


class Model(BaseModel):
    """Base of the models: no unknown keys, no coercion, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def from_first_phase(model: Model, fields: Iterable[str]) -> None:
    """Refuse a per-phase value that says nothing about the first phase."""
    for name in fields:
        if PhaseName.SINGLE_REGION not in getattr(model, name):
            msg = f"'{name}' must start at phase '{PhaseName.SINGLE_REGION}'"
            raise ValueError(msg)


def refuse_twice(what: str, names: Iterable[str]) -> None:
    """Refuse a name that is there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        msg = f"`{what}` has '{twice[0]}' twice"
        raise ValueError(msg)


class Range(Model):
    """A figure that the document gives as "from … to …"."""

    low: float = Field(ge=0, description="Lower end, in the unit of the field that holds the range.")
    high: float = Field(ge=0, description="Upper end, in the same unit.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            msg = f"low ({self.low:g}) is above high ({self.high:g})"
            raise ValueError(msg)
        return self


def _both_ends(value: Any) -> Any:
    """A figure given once is both ends of the range."""
    if not isinstance(value, int | float | dict | Range):
        msg = f"{json.dumps(value)} is not allowed; must be a figure, or `low` and `high`"
        raise ValueError(msg)  # noqa: TRY004 -- pydantic makes problems of ValueErrors only
    return {"low": value, "high": value} if isinstance(value, int | float) else value


#: A range, or a figure that is both its ends.
RangeOrFigure = Annotated[Range, BeforeValidator(_both_ends)]
