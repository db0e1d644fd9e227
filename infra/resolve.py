"""A system, a phase and a stack's config become one `Deployment`; the only place where phases matter."""

from pathlib import Path

from infra import catalog, config, facts
from infra.config import StackConfig
from infra.config_values import ServiceOverride
from infra.database_sizes import DatabaseSizes
from infra.deployment import CachePlan, Deployment, EdgePlan, ServicePlan
from infra.errors import Problems, allowed, did_you_mean
from infra.modeling import at
from infra.needs import check_capabilities, ingress_of, missing_requests
from infra.phases import PHASES, SMALLEST_CACHE, CacheShape, CdnShape, Ingress
from infra.placement import Placement
from infra.service_model import Floor
from infra.system import Cache, Service, System

#: Days that the snapshots of a cache are kept which holds nothing but copies.
COPY_SNAPSHOT_DAYS = 1

_CPU_UNITS = 1024
_MIB_PER_GIB = 1024


def load(root: Path) -> Deployment:
    """What the stack that the engine is running is to be.

    Args:
        root: the project's folder, the one with ``Pulumi.yaml``.

    Raises:
        ConfigError: if the config or the system's file is wrong, with every problem.
    """
    problems = Problems()
    settings = config.read(root, problems)
    return resolve_named(root, settings, problems)


def resolve_named(root: Path, settings: StackConfig, problems: Problems) -> Deployment:
    """`resolve` for the system that the config names.

    Args:
        root: the project's folder.
        settings: the stack's config.
        problems: what was found wrong in it.

    Raises:
        ConfigError: if anything is wrong.
    """
    known = catalog.names(root)
    key, where = config.SYSTEM_KEY, settings.source(config.SYSTEM_KEY)
    if not settings.system:
        problems.add(where, key, f"missing; {allowed(known)}")
    elif settings.system not in known:
        problems.add(where, key, f"'{settings.system}' is not a system; {did_you_mean(settings.system, known)}")
    else:
        system = catalog.load(root, settings.system, problems)
        if system is not None:
            return resolve(system, settings, problems)
    raise problems.error()


def resolve(system: System, settings: StackConfig, problems: Problems | None = None) -> Deployment:
    """Resolve every size: the config's word goes first, then the system's for this phase, then the phase's.

    Args:
        system: what runs.
        settings: the stack's config, which names the phase.
        problems: what was found wrong before; raised together with what is found here.

    Raises:
        ConfigError: if anything is wrong.
    """
    resolver = _Resolver(system, settings, problems or Problems())
    deployment = resolver.deployment()
    resolver.problems.raise_if_any()
    return deployment


class _Resolver:
    """The steps of `resolve`, with what they share: the system, the config, its phase, the list of problems."""

    def __init__(self, system: System, settings: StackConfig, problems: Problems) -> None:
        self.system = system
        self.settings = settings
        self.problems = problems
        self.phase = PHASES[settings.phase]
        self.placement = Placement(system, settings, self.note, self.note_in_system)
        self.sizes = DatabaseSizes(system, settings, self.placement, note=self.note, note_in_system=self.note_in_system)

    def deployment(self) -> Deployment:
        """The deployment; where something is wrong it holds what would stand there, and `problems` the reason."""
        system, settings, phase = self.system, self.settings, self.phase
        self.check_service_names()
        self.placement.check()
        check_capabilities(system, settings, self.problems)
        limits = at(system.limits, phase.name)
        assert limits is not None  # noqa: S101 -- System makes sure that there is one from the first phase on
        database = self.sizes.plan(limits)
        tasks = {name: self.tasks(name, service) for name, service in system.services.items()}
        # Tasks of every region write to the primary's.
        pool_max = self.sizes.pool_max(
            database, sum(most for _, most in tasks.values()) * max(1, len(self.placement.serving()))
        )
        return Deployment(
            stack=settings.stack,
            system=system.name,
            title=system.title,
            phase=phase.name,
            environment=settings.environment,
            production=settings.production,
            users=system.users.get(phase.name, phase.users),
            budget_usd=settings.budget_usd or system.budget_usd[phase.name],
            regions=settings.regions,
            primary=self.placement.primary(),
            serving=self.placement.serving(),
            lineages=self.placement.lineages(),
            domain=settings.domain,
            receivers=settings.receivers,
            flow_logs=settings.flow_logs,
            ingress=ingress_of(system, phase, edge=settings.has_edge),
            private_tasks=phase.private_tasks,
            nat=phase.nat,
            services={
                name: self.service(name, service, tasks[name], pool_max) for name, service in system.services.items()
            },
            database=database,
            cache=self.cache(),
            cache_ttls=system.cache.ttls if system.cache else {},
            queues={name: queue for name, queue in system.queues.items() if queue.kind == "managed"},
            cache_queues={name: queue for name, queue in system.queues.items() if queue.kind == "cache"},
            buckets=system.storage,
            storage_replication=phase.storage_replication,
            cdn=phase.cdn,
            edge=self.edge(),
            direct_access=settings.direct_access,
            migration=settings.migration,
            migration_password=settings.migration_password,
            deletion_protection=settings.deletion_protection,
            missing=self.missing(),
            rate_limits=system.rate_limits,
            traffic=system.traffic,
            limits=limits,
            thresholds=system.thresholds,
            target=system.targets.get(phase.name),
            external_costs={
                cost.name: monthly
                for cost in system.external_costs
                if (monthly := at(cost.monthly_usd, phase.name)) is not None
            },
        )

    def note(self, key: str, text: str) -> None:
        """Note a problem of a key of the stack's config."""
        full = f"{config.NAMESPACE}:{key}"
        self.problems.add(self.settings.source(full), full, text)

    def note_in_system(self, key: str, text: str) -> None:
        """Note a problem of a key of the system's file."""
        self.problems.add(f"{catalog.FOLDER}/{self.system.name}.yaml", key, text)

    def check_service_names(self) -> None:
        """Refuse overrides and images of services that the system does not have."""
        for key, given in (("services", self.settings.services), ("images", self.settings.images)):
            for name in given:
                if name not in self.system.services:
                    hint = did_you_mean(name, self.system.services)
                    self.note(f"{key}.{name}", f"system '{self.system.name}' has no service '{name}'; {hint}")

    def service(self, name: str, service: Service, tasks: tuple[int, int], pool_max: int) -> ServicePlan:
        """One service, resolved."""
        image, command, health_command = self.image(name, service)
        cpu_units, memory_mib = self.size(name, service)
        return ServicePlan(
            name=name,
            image=image,
            command=command,
            health_command=health_command,
            port=service.port,
            health_path=service.health_path,
            public_path=service.public_path,
            cpu_units=cpu_units,
            memory_mib=memory_mib,
            min_tasks=tasks[0],
            max_tasks=tasks[1],
            autoscaling=self.phase.autoscaling if tasks[1] else None,
            floors=self.floors(name, service, tasks[1]),
            spot_share=at(service.spot_share, self.phase.name) if service.worker else None,
            backlog_per_task=service.backlog_per_task,
            metrics=service.metrics,
            consumes=service.consumes,
            environment=service.environment,
            websockets=bool(at(service.websockets, self.phase.name)),
            request_timeout_s=at(service.request_timeout_s, self.phase.name) or 0,
            user=service.user,
            writable_paths=service.writable_paths,
            edge_ttl_s=service.edge_ttl_s,
            static_paths=service.static_paths,
            pool_min=min(self.system.database.pool.min, pool_max),
            pool_max=pool_max,
            capacity=service.capacity,
        )

    def image(self, name: str, service: Service) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The image of a service, its command and its health command."""
        image = self.settings.images.get(name) or service.image
        if self.settings.production and not (image and config.pinned(image)):
            given = f"'{image}' is not pinned" if image else "missing"
            self.note(
                f"images.{name}",
                f"{given}; environment '{self.settings.environment}' takes images by digest, "
                "name@sha256:<64 hex digits>",
            )
        if image or service.placeholder is None:
            return image or "", service.command, service.health_command
        return service.placeholder.image, service.placeholder.command, service.placeholder.health_command

    def size(self, name: str, service: Service) -> tuple[int, int]:
        """CPU units and MiB of a task, in a pair that Fargate runs."""
        override = self.settings.services.get(name, ServiceOverride())
        cpu = override.cpu or at(service.cpu, self.phase.name) or 0
        memory = override.memory_gib or at(service.memory_gib, self.phase.name) or 0
        sizes = facts.fargate_sizes()
        units, mib = round(cpu * _CPU_UNITS), round(memory * _MIB_PER_GIB)
        known = units in sizes and units / _CPU_UNITS == cpu
        if known and mib in sizes[units] and mib / _MIB_PER_GIB == memory:
            return units, mib
        if known:
            choices = ", ".join(f"{amount / _MIB_PER_GIB:g}" for amount in sizes[units])
            hint = f"allowed GiB with {cpu:g} vCPU: {choices}"
        else:
            hint = "allowed vCPU: " + ", ".join(f"{amount / _CPU_UNITS:g}" for amount in sizes)
        text = f"Fargate runs no task of {cpu:g} vCPU with {memory:g} GiB; {hint}"
        if override.cpu or override.memory_gib:
            self.note(f"services.{name}", text)
        else:
            self.note_in_system(f"services.{name}", text)
        return units, mib

    def tasks(self, name: str, service: Service) -> tuple[int, int]:
        """Tasks at rest and under the highest load."""
        override = self.settings.services.get(name, ServiceOverride())
        own_min, own_max = (at(values, self.phase.name) for values in (service.replicas, service.max_replicas))
        least = override.min_tasks or (self.phase.min_tasks if own_min is None else own_min)
        if least == 0:
            # A worker that nothing sends work to yet; an override of minTasks starts it.
            return 0, 0
        if self.phase.autoscaling is None:
            if override.max_tasks not in (None, least):
                self.note(
                    f"services.{name}.maxTasks",
                    f"{override.max_tasks} is above {least}, but phase '{self.phase.name}' does not scale by itself; "
                    "set minTasks"
                    if override.max_tasks > least
                    else f"{override.max_tasks} is below the {least} at rest; set minTasks",
                )
            return least, least
        most = override.max_tasks or own_max or max(self.phase.max_tasks, least)
        if most < least:
            key = "maxTasks" if override.max_tasks else "minTasks"
            text = f"{least} tasks at rest are above {most} under load"
            if override.min_tasks or override.max_tasks:
                self.note(f"services.{name}.{key}", text)
            else:
                self.note_in_system(f"services.{name}.replicas", text)
        return least, max(most, least)

    def floors(self, name: str, service: Service, most: int) -> tuple[Floor, ...]:
        """The least tasks by the clock, where the number of tasks follows the load."""
        if self.phase.autoscaling is None or most == 0:
            return ()
        for floor in service.floors:
            if floor.min_tasks > most:
                text = f"a floor of {floor.min_tasks} tasks is above {most} under load"
                if self.settings.services.get(name, ServiceOverride()).max_tasks:
                    self.note(f"services.{name}.maxTasks", text)
                else:
                    self.note_in_system(f"services.{name}.floors", text)
        return service.floors

    def edge(self) -> EdgePlan | None:
        """The edge, where there is everything that it takes, and the phase brings one or a load balancer needs it."""
        settings, shape = self.settings, self.phase.cdn
        if settings.domain is None or settings.zone is None or not settings.has_edge:
            return None
        if shape is None and ingress_of(self.system, self.phase, edge=True) is not Ingress.HTTP_API:
            shape = CdnShape()
        return EdgePlan(domain=settings.domain, zone=settings.zone, shape=shape) if shape else None

    def missing(self) -> tuple[str, ...]:
        """What the phase or the system wants and the config does not give."""
        return (
            *self.missing_edge(),
            *missing_requests(self.system, self.settings),
            *self.placement.missing(edge=self.edge() is not None),
        )

    def missing_edge(self) -> tuple[str, ...]:
        """What the phase wants of an edge."""
        if self.phase.cdn is None:
            return ()
        if self.settings.domain is None:
            return ("No CDN: set ascend:domain and ascend:zone, a name in a Cloudflare zone.",)
        if not self.settings.edge_credentials:
            return ("No CDN: no Cloudflare token; set the secret cloudflare:apiToken or CLOUDFLARE_API_TOKEN.",)
        if self.settings.direct_access:
            return ("The origin answers everyone at its own address: take out ascend:directAccess.",)
        return ()

    def cache(self) -> CachePlan | None:
        """The in-memory store, where the phase brings one or the system requires it."""
        model, shape = self.system.cache, self.phase.cache
        if model is None or (shape is None and "cache" not in self.system.requires):
            if self.settings.cache_node_type:
                self.note(
                    "cacheNodeType",
                    f"system '{self.system.name}' has no cache at phase '{self.phase.name}'; leave it out",
                )
            return None
        shape = shape or SMALLEST_CACHE
        evicts = not {"queue", "sessions"} & set(model.purposes)
        return CachePlan(
            engine=model.engine,
            shape=shape,
            node=self.cache_node(model, shape),
            evicts=evicts,
            # A copy of what is in the database can be made again; one snapshot saves a slow start with an empty cache.
            snapshot_days=COPY_SNAPSHOT_DAYS if evicts else self.phase.database.backup_days,
            durable="queue" in model.purposes,
        )

    def cache_node(self, model: Cache, shape: CacheShape) -> facts.CacheNode:
        """The node type: the config's, else the smallest that has the memory the system asks for, else the phase's."""
        types = facts.cache_nodes()
        if self.settings.cache_node_type:
            return types[self.settings.cache_node_type]
        wanted = at(model.memory_gib, self.phase.name)
        if wanted is None:
            return types[shape.node_type]
        enough = next((one for one in types.values() if one.memory_gib >= wanted), None)
        if enough is None:
            most = max(one.memory_gib for one in types.values())
            text = f"no cache node has {wanted:g} GiB for data; allowed: at most {most:.0f}"
            self.note_in_system("cache.memory_gib", text)
        return enough or types[shape.node_type]
