"""Where a stack is, where it is written to, and how many databases it is divided among."""

from collections.abc import Callable, Mapping

from infra import facts
from infra.config import StackConfig
from infra.errors import allowed
from infra.lineage import Lineage
from infra.modeling import at
from infra.phases import PHASES
from infra.system import System


class Placement:
    """What `infra.resolve` asks of places.

    Args:
        system: what runs.
        settings: the stack's config.
        note: notes a problem of a key of the stack's config.
        note_in_system: notes a problem of a key of the system's file.
    """

    def __init__(
        self,
        system: System,
        settings: StackConfig,
        note: Callable[[str, str], None],
        note_in_system: Callable[[str, str], None],
    ) -> None:
        self._system, self._settings = system, settings
        self._phase = PHASES[settings.phase]
        self._note, self._note_in_system = note, note_in_system

    def check(self) -> None:
        """Refuse too few regions for the phase, and writing to none of them. Without any, the config has said so."""
        regions, primary, least = self._settings.regions, self._settings.primary, self._phase.min_regions
        if 0 < len(regions) < least:
            others = [name for name in facts.regions() if name != regions[0].name]
            example = ", ".join([regions[0].name, *others[: least - 1]])
            self._note(
                "regions",
                f"phase '{self._phase.name}' needs {least} regions at least, not {len(regions)}; list them, the home "
                f"first, such as [{example}]",
            )
        replicas, most = self.replicas() + len(regions) - 1, facts.most_replicas()
        if replicas > most:
            self._note(
                "regions",
                f"{len(regions)} regions make {replicas} replicas of one database; RDS takes {most} of each; "
                f"allowed: at most {most - self.replicas() + 1} regions",
            )
        if regions and primary is not None and primary not in regions:
            names = [region.name for region in regions]
            self._note("primary", f"'{primary.name}' is none of the stack's regions; {allowed(names)}")
        self._check_lineages()

    def _check_lineages(self) -> None:
        """Refuse databases of a region that is none of the stack's, and writing to one that is fenced."""
        names = [region.name for region in self._settings.regions]
        for name, lineage in self._settings.lineages.items():
            if names and name not in names:
                self._note(f"databases.{name}", f"'{name}' is none of the stack's regions; {allowed(names)}")
            elif lineage.fenced and name == self.primary().name:
                text = (
                    f"fenced, but this is where the stack writes to; set ascend:primary to another region than '{name}'"
                )
                self._note(f"databases.{name}", text)

    def lineages(self) -> Mapping[str, Lineage]:
        """Which databases of a region are in use, by region, where it is not the first ones alone."""
        return {name: one for name, one in self._settings.lineages.items() if one != Lineage()}

    def primary(self) -> facts.Region:
        """Where the database is written to."""
        home = self._settings.regions[0] if self._settings.regions else next(iter(facts.regions().values()))
        return self._settings.primary or home

    def serving(self) -> tuple[facts.Region, ...]:
        """Where anything runs: in all regions, or at a phase of one region in the primary one."""
        return self._settings.regions if self._phase.in_every_region else (self.primary(),)

    def replicas(self) -> int:
        """Read replicas of each database in the primary region."""
        own = at(self._system.database.read_replicas, self._phase.name)
        return self._phase.database.read_replicas if own is None else own

    def shards(self) -> int:
        """Databases that the data is divided among: the system's, or more where the config says so."""
        replicas = self.replicas()
        own, given = at(self._system.database.shards, self._phase.name) or 1, self._settings.shards
        if given is not None and given < own:
            self._note(
                "shards",
                f"{given} is below the {own} of system '{self._system.name}'; each of them holds data; set {own} or "
                "more, or leave it out",
            )
            return own
        shards, most = given or own, facts.most_instances()
        if shards * (1 + replicas) > most:
            text = (
                f"{shards} databases with {replicas} read replicas each; an account has {most} instances in a region; "
                f"allowed: at most {most // (1 + replicas)}"
            )
            if given is None:
                self._note_in_system("database.shards", text)
            else:
                self._note("shards", text)
        return shards

    def missing(self, *, edge: bool) -> tuple[str, ...]:
        """The regions in which nothing runs at this phase, or which no visitor is led to.

        Args:
            edge: whether there is one.
        """
        kept = [region.name for region in self._settings.regions if region not in self.serving()]
        lines = [f"{name} is kept with its data, and serves nobody at phase '{self._phase.name}'." for name in kept]
        if len(self.serving()) > 1 and not edge:
            lines.append("No global load balancing: without an edge each region answers at its own address.")
        return tuple(lines)
