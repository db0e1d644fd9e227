"""What a rule writes its lines to, and reads the stack, its use and the prices from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ascend.cost import tasks, usage
from ascend.cost.model import Line, Span, Unpriced
from ascend.cost.prices import NoPriceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cost.plan import Plan, Resource
    from ascend.cost.prices import PriceTable

_TASK = "aws:ecs/taskDefinition:TaskDefinition"


@dataclass(slots=True)
class Bill:
    """One estimate in the making.

    Attributes:
        plan: the stack.
        prices: the price table.
        users: users that it is for; None as the plan says.
        use: what happens in each region that serves.
        lines: written so far.
        unpriced: what had no price.
    """

    plan: Plan
    prices: PriceTable
    users: int | None
    use: Mapping[str, usage.Use]
    lines: list[Line] = field(default_factory=list)
    unpriced: list[Unpriced] = field(default_factory=list)
    _tasks: dict[str, Span] = field(default_factory=dict)
    _shares: dict[str, float] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        """Hours of a month."""
        return self.default("hours")

    def default(self, key: str) -> float:
        """A number of ``usage.yaml``."""
        return float(usage.defaults()[key])

    def table(self, key: str) -> Mapping[str, Any]:
        """A table of ``usage.yaml``."""
        found: Mapping[str, Any] = usage.defaults()[key]
        return found

    def used(self, region: str) -> usage.Use:
        """What happens in a region; nothing in one that does not serve."""
        return self.use.get(region, usage.NOTHING)

    def add(
        self,
        resource: Resource,
        item: str,
        key: str,
        quantity: Span | float,
        *,
        usage_based: bool = False,
        priced_in: str = "",
    ) -> None:
        """Writes a line; a price that the table lacks makes it an unpriced one.

        Args:
            resource: what is billed.
            item: what of it.
            key: the price.
            quantity: how much in a month, in the price's unit.
            usage_based: whether it rests on what users do.
            priced_in: the region whose price it has; the resource's by default. Data between regions has that of the
                region that it leaves.
        """
        amount = quantity if isinstance(quantity, Span) else Span.flat(quantity)
        try:
            price = self.prices.price(key, priced_in or resource.region)
        except NoPriceError as error:
            self.unpriced.append(Unpriced(resource.urn, resource.type, f"{item}: {error}"))
            return
        monthly = Span(price.amount(amount.low), price.amount(amount.expected), price.amount(amount.high)).rounded()
        tiered = price.tiers and amount.expected
        each = price.amount(amount.expected) / amount.expected if tiered else price.usd
        self.lines.append(
            Line(
                urn=resource.urn,
                item=item,
                unit=price.unit,
                quantity=amount.rounded(),
                unit_price=each,
                monthly=monthly,
                usage_based=usage_based,
                service=resource.service,
                component=resource.component,
                region=resource.region,
                verified=price.verified,
            )
        )

    def miss(self, resource: Resource, why: str) -> None:
        """Says that a resource costs something that cannot be told."""
        self.unpriced.append(Unpriced(resource.urn, resource.type, why))

    def size(self, service: Resource) -> tuple[float, float, bool]:
        """How large a service's task is in vCPU and GiB, and whether it runs on ARM; zeros where the plan lacks it."""
        found = self.plan.beside(service, _TASK)
        if not found:
            return 0.0, 0.0, True
        platform = found[0].inputs.get("runtimePlatform") or {}
        return (
            found[0].number("cpu") / 1024,
            found[0].number("memory") / 1024,
            platform.get("cpuArchitecture") == "ARM64",
        )

    def tasks(self, service: Resource) -> Span:
        """Tasks of a service, averaged over a month."""
        if service.urn not in self._tasks:
            self._tasks[service.urn] = tasks.running(
                self.plan, service, self.used(service.region), self.size(service)[0], self._share(service)
            )
        return self._tasks[service.urn]

    def figures(self, service: Resource) -> Mapping[str, Any]:
        """What the system's document says of a service; empty where it says nothing."""
        found: Mapping[str, Any] = (self.plan.figures.get("services") or {}).get(service.component, {})
        return found

    def handled(self, service: Resource) -> Span:
        """Requests or jobs that a service handles in a month."""
        figures, use = self.figures(service), self.used(service.region)
        if queue := figures.get("consumes"):
            return use.jobs.get(queue, Span.flat(0))
        return use.requests * self._share(service)

    def _share(self, service: Resource) -> float:
        """A service's part of the requests, 0 to 1."""
        if not self._shares:
            self._shares.update(tasks.shares_of_requests(self.plan))
        return self._shares.get(service.component, 0.0)
