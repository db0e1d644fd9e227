"""What a system at a phase needs of the components, and the refusal of what they do not provide yet."""

from infra.config import NAMESPACE, StackConfig
from infra.errors import Problems
from infra.facts import HTTP_API_TIMEOUT_S
from infra.modeling import at
from infra.phases import BUILT, PHASES, Capability, Ingress, Phase, PhaseName, deployable
from infra.system import System

_PHASE_KEY = f"{NAMESPACE}:phase"


def ingress_of(system: System, phase: Phase) -> Ingress:
    """How requests come in: as the phase says, unless a service asks for more than an HTTP API can do.

    An HTTP API answers within 30 s and holds no WebSocket to a private service.
    """
    needs_more = any(
        service.websockets or service.request_timeout_s > HTTP_API_TIMEOUT_S
        for service in system.services.values()
        if service.public_path
    )
    return Ingress.LOAD_BALANCER if needs_more and phase.ingress is Ingress.HTTP_API else phase.ingress


def needs(system: System, phase: PhaseName) -> frozenset[Capability]:
    """Everything that `system` needs of the components at `phase`."""
    row = PHASES[phase]
    own = {
        Capability.CACHE: "cache" in system.requires,
        Capability.QUEUE: any(queue.kind == "managed" for queue in system.queues.values()),
        Capability.LOAD_BALANCER: ingress_of(system, row) is Ingress.LOAD_BALANCER,
        Capability.READ_REPLICAS: bool(at(system.database.read_replicas, phase)),
        Capability.SHARDS: (at(system.database.shards, phase) or 1) > 1,
    }
    wanted = row.needs | {capability for capability, needed in own.items() if needed}
    return wanted - {Capability.HTTP_API} if Capability.LOAD_BALANCER in wanted else wanted


def check_capabilities(system: System, settings: StackConfig, problems: Problems) -> None:
    """Refuse what this version cannot deploy, by name, so that nothing is ever half deployed."""
    missing = needs(system, settings.phase) - BUILT
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
