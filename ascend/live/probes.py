"""What is looked at after an update: services, targets, databases, alarms, endpoints, connection strings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from ascend.live import replication

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed, Resource
    from ascend.live.network import Network
    from ascend.live.replication import Lag

SERVICE: Final = "aws:ecs/service:Service"
TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
REGISTRY: Final = "aws:servicediscovery/service:Service"
TARGETS: Final = "aws:lb/targetGroup:TargetGroup"
DATABASE: Final = "aws:rds/instance:Instance"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 -- a type
ALARMS: Final = "alarms"
#: Most alarms that one DescribeAlarms takes by name, and most services that one DescribeServices takes.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html,
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html, read 2026-11-21
_MOST_ALARMS: Final = 100
_MOST_SERVICES: Final = 10
_LAG_WINDOW_S: Final = 600
_SERVER_ERROR: Final = 500
_OK: Final = range(200, 300)
_URLS: Final = ("url", "readUrl")
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: which kind of thing.
        subject: which one.
        ok: whether it is as it should be.
        detail: what was found.
    """

    name: str
    subject: str
    ok: bool
    detail: str

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"name": self.name, "subject": self.subject, "ok": self.ok, "detail": self.detail}


def look(clients: Clients, deployed: Deployed, net: Network, before: Collection[str], lag_s: float) -> list[Finding]:
    """Looks at everything once.

    Args:
        clients: who answers.
        deployed: the stack.
        net: the network that it is reached by.
        before: alarms that went off before the update.
        lag_s: replica lag that counts as low, in seconds, where the system's document says nothing.

    Raises:
        InputError: AWS cannot be asked.
    """
    return [
        *services(clients, deployed),
        *targets(clients, deployed),
        *replicas(clients, deployed, deployed.threshold("replica_lag_s") or lag_s),
        *alarms(clients, deployed, before),
        *endpoints(deployed, net),
        *connections(clients, deployed, net),
    ]


def services(clients: Clients, deployed: Deployed) -> Iterator[Finding]:
    """Each service runs as many tasks as it should, of the version that was asked for, each registered.

    ECS rolls a version back that does not start, and is steady then: running another version is what tells.
    """
    for region, mine in _by_region(deployed, SERVICE):
        for chunk in _chunks(mine, _MOST_SERVICES):
            clusters = {one.text("cluster") for one in chunk}
            for cluster in clusters:
                asked = {one.text("name"): one for one in chunk if one.text("cluster") == cluster}
                answer = clients.call("ecs", region, "describe_services", cluster=cluster, services=sorted(asked))
                found = {one["serviceName"]: one for one in answer["services"]}
                for name, service in asked.items():
                    yield _service(clients, deployed, service, name, found.get(name))


def _service(
    clients: Clients, deployed: Deployed, service: Resource, name: str, found: Mapping[str, Any] | None
) -> Finding:
    def wrong(text: str) -> Finding:
        return Finding("service", name, False, f"{name} {text}")

    if found is None or found.get("status") != "ACTIVE":
        return wrong("is not there; look at ECS, and update the stack")
    requested = next((one.text("arn") for one in deployed.beside(service, TASK)), "")
    running = str(found.get("taskDefinition") or "")
    if requested and running != requested:
        return wrong(
            f"was rolled back: it runs {_short(running)}, not {_short(requested)}; look at its events and its log"
        )
    failed = [one for one in found.get("deployments") or () if one.get("rolloutState") == "FAILED"]
    if failed:
        return wrong(f"failed to deploy: {failed[0].get('rolloutStateReason') or 'look at its events'}")
    desired, up = int(found.get("desiredCount") or 0), int(found.get("runningCount") or 0)
    under_way = len(found.get("deployments") or ()) > 1
    if up != desired or under_way:
        return wrong(f"runs {up} of {desired} tasks{' while a deployment goes on' if under_way else ''}")
    for registry in deployed.beside(service, REGISTRY):
        answer = clients.call("servicediscovery", registry.region, "list_instances", ServiceId=registry.id)
        if len(answer["Instances"]) < desired:
            return wrong(f"has {len(answer['Instances'])} of {desired} tasks in Cloud Map")
    return Finding("service", name, True, f"{up} tasks of {_short(running)}")


def targets(clients: Clients, deployed: Deployed) -> Iterator[Finding]:
    """Each target group has targets, and all of them are healthy."""
    for group in deployed.of_type(TARGETS):
        name, arn = group.name, group.text("arn") or group.id
        answer = clients.call("elbv2", group.region, "describe_target_health", TargetGroupArn=arn)
        states = [str(one["TargetHealth"]["State"]) for one in answer["TargetHealthDescriptions"]]
        # What is being taken out is not counted: it answers what it has begun with.
        counted = [state for state in states if state != "draining"]
        healthy = counted.count("healthy")
        ok = bool(counted) and healthy == len(counted)
        yield Finding("targets", name, ok, f"{name} has {healthy} of {len(counted)} targets healthy")


def replicas(clients: Clients, deployed: Deployed, most_s: float) -> Iterator[Finding]:
    """Each database is available, and what follows is close behind; what a failover left closed is left out."""
    now = datetime.now(UTC)
    for one in deployed.of_type(DATABASE):
        name = one.text("identifier")
        if name in deployed.out_of_use:
            continue
        answer = clients.call("rds", one.region, "describe_db_instances", DBInstanceIdentifier=name)
        found = answer["DBInstances"][0]
        status = str(found["DBInstanceStatus"])
        if status != "available":
            yield Finding("database", name, False, f"{name} is '{status}'")
            continue
        if not (found.get("ReadReplicaSourceDBInstanceIdentifier") or one.text("replicateSourceDb")):
            yield Finding("database", name, True, f"{name} is available")
            continue
        lag = replication.lag(clients, one.region, name, _LAG_WINDOW_S, now)
        yield _lag(name, lag, most_s, measured=clients.embedded is None)


def _lag(name: str, lag: Lag, most_s: float, *, measured: bool) -> Finding:
    if lag.silent:
        # A new replica has none yet; in the embedded cloud nothing is measured but what somebody puts there.
        said = f"{name} has no figure of its lag{' yet' if measured else ''}"
    elif lag.lag_s is None:
        said = f"{name} does not replicate"
    else:
        said = f"{name} is {lag.lag_s:g} s behind; at most {most_s:g} s"
    return Finding("replica", name, replication.close(lag, most_s, measured=measured), said)


def alarms(clients: Clients, deployed: Deployed, before: Collection[str]) -> list[Finding]:
    """No alarm goes off that did not before the update."""
    found = ringing(clients, deployed)
    new = [(name, why) for name, why in found if name not in before]
    if new:
        return [Finding(ALARMS, name, False, f"{name} goes off: {why}") for name, why in new]
    there = len(deployed.of_type(ALARM))
    still = f", {len(found)} since before the update ({', '.join(name for name, _ in found)})" if found else ""
    return [Finding(ALARMS, "all", True, f"{there} alarms, none new{still}")]


def ringing(clients: Clients, deployed: Deployed) -> list[tuple[str, str]]:
    """The stack's alarms that go off, and why."""
    found = []
    for region, mine in _by_region(deployed, ALARM):
        for chunk in _chunks([one.text("name") for one in mine], _MOST_ALARMS):
            answer = clients.call("cloudwatch", region, "describe_alarms", AlarmNames=chunk, MaxRecords=_MOST_ALARMS)
            rows = [row for row in answer["MetricAlarms"] if row["StateValue"] == "ALARM"]
            found += [(str(row["AlarmName"]), str(row.get("StateReason") or "no reason given")) for row in rows]
    return found


def endpoints(deployed: Deployed, net: Network) -> Iterator[Finding]:
    """The public address answers, each service by its own path."""
    url = str(deployed.outputs.get("url") or "").rstrip("/")
    if not url:
        return
    for name, service in (deployed.figures.get("services") or {}).items():
        public = service.get("public_path")
        if public is None:
            continue
        base = public.removesuffix("*").rstrip("/")
        health = str(service.get("health_path") or "")
        known = bool(health) and f"{health}/".startswith(f"{base}/")
        path = health if known else f"{base}/"
        status, said = net.ask(f"{url}{path}")
        # Of a path that the service need not have, only that something behind the ingress answers.
        ok = status in _OK if known else 0 < status < _SERVER_ERROR
        answer = f"answers {status}" if status else "does not answer"
        detail = f"{url}{path} ({name}) {answer}{'' if ok or not said else f': {said[:200]}'}"
        yield Finding("endpoint", f"{name} {url}{path}", ok, detail)


def connections(clients: Clients, deployed: Deployed, net: Network) -> Iterator[Finding]:
    """The hosts of connection strings can be found. What else is in a secret is not kept, and in no message."""
    for secret in deployed.of_type(SECRET):
        answer = clients.call("secretsmanager", secret.region, "get_secret_value", SecretId=secret.id)
        hosts = _hosts(str(answer.get("SecretString") or ""))
        lost = sorted(host for host in hosts if not net.resolves(host))
        if hosts:
            detail = (
                f"{secret.name}: {', '.join(lost)} cannot be found" if lost else f"{secret.name}: {len(hosts)} found"
            )
            yield Finding("connection", secret.name, not lost, detail)


def _hosts(text: str) -> set[str]:
    """The hosts that a secret names."""
    try:
        fields = json.loads(text)
    except ValueError:
        return set()
    if not isinstance(fields, dict):
        return set()
    hosts = {str(fields["host"])} if fields.get("host") else set()
    for key in _URLS:
        if isinstance(fields.get(key), str):
            hosts.add(urlsplit(fields[key]).hostname or fields[key].rpartition("@")[2])
    return hosts


def _by_region(deployed: Deployed, token: str) -> Iterator[tuple[str, list[Resource]]]:
    mine = deployed.of_type(token)
    for region in dict.fromkeys(one.region for one in mine):
        yield region, [one for one in mine if one.region == region]


def _chunks(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _short(arn: str) -> str:
    return arn.rpartition("/")[2] or arn
