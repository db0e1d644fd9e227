"""What a system at a phase needs of the components, and the refusal of what they do not provide yet."""

from infra import facts
from infra.config import NAMESPACE, StackConfig
from infra.errors import Problems
from infra.modeling import at
from infra.phases import BUILT, PHASES, Capability, Ingress, Phase, PhaseName, deployable
from infra.system import System

_PHASE_KEY = f"{NAMESPACE}:phase"


def ingress_of(system: System, phase: Phase, *, edge: bool) -> Ingress:
    """How requests come in: as the phase says, unless a service asks for more than an HTTP API can do.

    An HTTP API answers within 30 s and holds no WebSocket to a private service. A load balancer does more only where it
    is public, which takes an edge: behind an HTTP API, it would be paid for and do nothing.

    Args:
        system: what runs.
        phase: the phase.
        edge: whether the stack's config gives all that an edge takes.
    """
    needs_more = any(
        at(service.websockets, phase.name)
        or (at(service.request_timeout_s, phase.name) or 0) > facts.HTTP_API_TIMEOUT_S
        for service in system.services.values()
        if service.public_path
    )
    return Ingress.LOAD_BALANCER if needs_more and edge and phase.ingress is Ingress.HTTP_API else phase.ingress


def needs(system: System, phase: PhaseName, *, edge: bool) -> frozenset[Capability]:
    """Everything that `system` needs of the components at `phase`, with or without an edge."""
    row = PHASES[phase]
    balanced = ingress_of(system, row, edge=edge) is not Ingress.HTTP_API
    own = {
        Capability.CACHE: "cache" in system.requires,
        Capability.QUEUE: any(queue.kind == "managed" for queue in system.queues.values()),
        Capability.LOAD_BALANCER: balanced,
        # No load balancer without one, also where it comes before its phase.
        Capability.FIREWALL: balanced,
        Capability.READ_REPLICAS: bool(at(system.database.read_replicas, phase)),
        Capability.SHARDS: (at(system.database.shards, phase) or 1) > 1,
    }
    wanted = row.needs | {capability for capability, needed in own.items() if needed}
    return wanted - {Capability.HTTP_API} if Capability.LOAD_BALANCER in wanted else wanted


def missing_requests(system: System, settings: StackConfig) -> tuple[str, ...]:
    """The requests that do not get through because they take too long or are WebSockets, a line each."""
    edge, phase = settings.has_edge, settings.phase
    longest = facts.edge_timeout_s() if edge else facts.HTTP_API_TIMEOUT_S
    where = "at the edge" if edge else "without an edge (ascend:domain, ascend:zone and a Cloudflare token)"
    public = {name: service for name, service in system.services.items() if service.public_path}
    sockets = [name for name, service in public.items() if at(service.websockets, phase) and not edge]
    times = {name: at(service.request_timeout_s, phase) or 0 for name, service in public.items()}
    return (
        *(f"No WebSockets to '{name}' {where}." for name in sockets),
        *(
            f"Requests to '{name}' may take {wanted} s and end after {longest} s {where}."
            for name, wanted in times.items()
            if wanted > longest
        ),
    )


def check_capabilities(system: System, settings: StackConfig, problems: Problems) -> None:
    """Refuse what this version cannot deploy, by name, so that nothing is ever half deployed."""
    missing = needs(system, settings.phase, edge=settings.has_edge) - BUILT
    if not missing:
        return
    of_phase = _words(missing & PHASES[settings.phase].needs)
    if of_phase:
        problems.add(
            settings.source(_PHASE_KEY),
            _PHASE_KEY,
            f"'{settings.phase}' needs {of_phase}, which this version cannot deploy; "
            f"deployable: {', '.join(deployable())}",
        )
    of_system = _words(missing - PHASES[settings.phase].needs)
    if of_system:
        problems.add(
            f"systems/{system.name}.yaml",
            "",
            f"needs {of_system} at phase '{settings.phase}', which this version cannot deploy",
        )


def _words(capabilities: frozenset[Capability]) -> str:
    """The capabilities in the order of `Capability`, for a message."""
    return ", ".join(capability for capability in Capability if capability in capabilities)
