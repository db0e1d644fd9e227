"""The whole stack: its regions, its budget, and what describes it to those who read the plan."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarms import Receiver
from components.base import Component, Scope, physical
from components.budget import Budget, BudgetArgs
from infra.dashboard import make_dashboard
from infra.deployment import Deployment
from infra.description import describe
from infra.environment import shard_name
from infra.lineage import Lineage
from infra.phases import Ingress
from infra.region import Region, RegionArgs, region_code
from infra.slices import slice_of


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldArgs:
    """What `World` needs.

    Attributes:
        deployment: what the stack is.
        account_id: the AWS account.
    """

    deployment: Deployment
    account_id: pulumi.Input[str]


class World(Component):
    """The root of everything.

    Its inputs describe the stack to policies, review and promotion, which see only the plan: phase, system,
    environment, users, budget, regions, where the database is written to, how many databases there are, which of them
    are out of use after a failover, and the system's figures (`infra.description`).

    Attributes:
        outputs: the stack's outputs: the primary region's, and each region's under its name.
    """

    tag = "world"
    module = "index"

    def __init__(self, name: str, args: WorldArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        deployment = args.deployment
        scopes = {
            region.name: Scope(
                system=deployment.system,
                stack=deployment.stack,
                region=region.name,
                account_id=args.account_id,
            )
            for region in deployment.regions
        }
        primary = deployment.primary
        super().__init__(
            name,
            scopes[primary.name],
            opts,
            {
                "system": deployment.system,
                "phase": str(deployment.phase),
                "environment": deployment.environment,
                "users": deployment.users,
                "budget": deployment.budget_usd,
                "regions": [region.name for region in deployment.regions],
                "primary": primary.name,
                "shards": deployment.database.shards,
                **_out_of_use(name, deployment),
                "figures": describe(deployment),
            },
        )
        receivers = tuple(Receiver(protocol=one.protocol, endpoint=one.endpoint) for one in deployment.receivers)
        zone_id = _zone_id(deployment)
        regions = self._make_regions(deployment, scopes, receivers, zone_id)
        self._make_edge(deployment, zone_id, regions)
        dashboard = make_dashboard(self, deployment, regions)
        budget = Budget(
            self.child("budget"),
            BudgetArgs(
                scope=scopes[primary.name],
                monthly_usd=deployment.budget_usd,
                topic_arn=regions[primary.name].topic_arn,
                receivers=receivers,
            ),
            self.child_options(),
        )
        if not receivers:
            pulumi.log.info("Nobody hears of alarms: set ascend:alertReceivers.", resource=self)
        if deployment.domain and deployment.cdn is None and deployment.edge is None:
            text = f"ascend:domain is of no use at phase '{deployment.phase}', which has no CDN; use the output `url`."
            pulumi.log.info(text, resource=self)
        for line in deployment.missing:
            pulumi.log.info(line, resource=self)
        self.outputs: dict[str, pulumi.Input[object]] = {
            "system": deployment.system,
            "phase": str(deployment.phase),
            "region": primary.name,
            **regions[primary.name].outputs,
            "regions": {name: region.outputs for name, region in regions.items()},
            "budgetName": budget.budget_name,
            "dashboardName": dashboard.dashboard_name,
            "missing": list(deployment.missing),
        }
        self.register_outputs(self.outputs)

    def _make_regions(
        self,
        deployment: Deployment,
        scopes: Mapping[str, Scope],
        receivers: tuple[Receiver, ...],
        zone_id: pulumi.Input[str] | None,
    ) -> dict[str, Region]:
        """The regions by name: the ground of all, then the primary one, which the others write to, then these."""
        regions: dict[str, Region] = {}
        for region in deployment.regions:
            home = next(iter(regions.values()), None)
            regions[region.name] = Region(
                self.child(region_code(region)),
                RegionArgs(
                    deployment=slice_of(deployment, region),
                    region=region,
                    scope=scopes[region.name],
                    receivers=receivers,
                    primary_key_arn=None if home is None else home.ground.keys.key_arn,
                    zone_id=zone_id,
                ),
                self.child_options(),
            )
        primary = regions[deployment.primary.name]
        primary.build()
        if len(regions) > 1:
            from infra.links import link_regions  # noqa: PLC0415 -- most stacks have one region

            others = [region for region in regions.values() if region is not primary]
            link_regions(self, deployment, primary, others)
        return regions

    def _make_edge(
        self, deployment: Deployment, zone_id: pulumi.Input[str] | None, regions: Mapping[str, Region]
    ) -> None:
        """The edge in front of the regions that serve, where there is one."""
        primary = regions[deployment.primary.name]
        if deployment.edge is None or zone_id is None or primary.origin_host is None:
            return
        from infra.edge import make_edge  # noqa: PLC0415 -- Cloudflare's SDK is loaded by the stacks that use it

        edge = make_edge(self, deployment, deployment.edge, scope=self.scope, zone_id=zone_id, host=primary.origin_host)
        if deployment.ingress is Ingress.GLOBAL:
            from infra.global_edge import make_global_edge  # noqa: PLC0415 -- as above

            hosts = {name: region.origin_host for name, region in regions.items() if region.origin_host is not None}
            make_global_edge(self, deployment, deployment.edge, hosts=hosts, after=edge)


def _out_of_use(root: str, deployment: Deployment) -> dict[str, list[str]]:
    """The databases that are there and not in use, by the names of their instances; nothing where there are none."""
    found = []
    for region in deployment.regions:
        lineage = deployment.lineages.get(region.name, Lineage())
        names = [*lineage.kept, *lineage.released]
        if lineage.fenced:
            names += [lineage.name(shard_name(number)) for number in range(1, deployment.database.shards + 1)]
        found += [physical(f"{root}-{region_code(region)}-{name}") for name in names]
    return {"outOfUse": found} if found else {}


def _zone_id(deployment: Deployment) -> pulumi.Output[str] | None:
    """The id of the domain's zone; None where there is no edge."""
    if deployment.edge is None:
        return None
    from infra.edge import zone_of  # noqa: PLC0415 -- as above

    return zone_of(deployment.edge.zone)


def world_name(system: str, stack: str) -> str:
    """The root's name, with which every name begins: the system and the stack, the system not twice.

    Buckets and databases take lower-case letters, digits and hyphens only. A stack's name with others is written with
    these, and marked, so that it does not meet another stack's.
    """
    whole = stack if stack == system or stack.startswith(f"{system}-") else f"{system}-{stack}"
    plain = physical(whole)
    return plain if plain == whole else f"{plain}-{hashlib.sha256(whole.encode()).hexdigest()[:4]}"


def deploy(deployment: Deployment) -> World:
    """Declare the stack and export its outputs."""
    account_id = aws.get_caller_identity_output().account_id
    world = World(
        world_name(deployment.system, deployment.stack),
        WorldArgs(deployment=deployment, account_id=account_id),
    )
    for name, value in world.outputs.items():
        pulumi.export(name, value)
    return world
