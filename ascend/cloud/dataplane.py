"""The embedded cloud's data plane: what a deployed host name leads to, and whether an ingress answers.

The emulated APIs say what was asked for; this says what a visitor would see of it. A request goes to the port of the
emulated AWS with the deployed name in its header ``Host``, and takes the way that it would take: Cloudflare's proxied
record or load balancer, the HTTP API under its own address or a domain, the load balancer's listener and rules, to a
task that is registered and healthy. It is answered 200 there, and where the way ends, as AWS or Cloudflare would: 404
where nothing leads on, 503 where nothing healthy is at its end, 403 where only Cloudflare is let in, 530 where the
origin has no such name. There is no TLS: every request counts as one over HTTPS.

``GET /_ascend/resolve?host=NAME`` says what a name leads to, for those of databases and caches too. It answers 404 for
a name that nothing has.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from ascend.cloud.aws import ways
from ascend.cloud.aws.ways import Answer, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ascend.cloud.values import Props

RESOLVE_PATH: Final = "/_ascend/resolve"
#: Cloudflare's own codes for an origin: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/,
#: read 2026-11-21
_NO_SUCH_ORIGIN: Final = 530
_RECORD: Final = "cloudflare:index/dnsRecord:DnsRecord"
_LOAD_BALANCER: Final = "cloudflare:index/loadBalancer:LoadBalancer"
_POOL: Final = "cloudflare:index/loadBalancerPool:LoadBalancerPool"
_MONITOR: Final = "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor"
_SUCCESS: Final = range(200, 300)


class DataPlane:
    """The names and ways of one cloud. Whoever calls holds moto's lock.

    Args:
        edge: the objects of one of Cloudflare's types.
    """

    def __init__(self, edge: Callable[[str], list[Props]]) -> None:
        self._edge = edge

    def respond(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        """The answer to a WSGI request; None where it is none of this module's."""
        host, path = environ.get("HTTP_HOST", "").partition(":")[0].lower(), environ.get("PATH_INFO", "/")
        if path == RESOLVE_PATH:
            asked = parse_qs(environ.get("QUERY_STRING", "")).get("host", [""])[0]
            found = self.resolve(asked)
            document = {"error": f"no such name: {asked}"} if found is None else asdict(found)
            return _send(start_response, 404 if found is None else 200, json.dumps(document), "application/json")
        if self.resolve(host) is None:
            return None
        answer = self.answer(host, path)
        return _send(start_response, answer.status, answer.text, "text/plain")

    def resolve(self, host: str) -> Name | None:
        """What a name leads to; None where nothing has it."""
        name = host.rstrip(".").lower()
        for known in self._names():
            if known.host.lower() == name:
                return known
        return None

    def answer(self, host: str, path: str, *, edge: bool = False, domain: str = "") -> Answer:
        """What a visitor is answered.

        Args:
            host: the host that is asked.
            path: the path.
            edge: whether Cloudflare asks, by its certificate and from its addresses.
            domain: the name that is asked for, where that is another than the host.
        """
        name, wanted = self.resolve(host), (domain or host).lower()
        if name is None:
            return Answer(_NO_SUCH_ORIGIN if edge else 404, f"{host}: no such name")
        first = name.leads_to[0]
        answers: dict[str, Callable[[], Answer]] = {
            "record": lambda: self.answer(first, path, edge=True, domain=wanted),
            "edge balancer": lambda: self._steered(wanted, path),
            ways.BALANCER: lambda: ways.balanced(first, path, edge=edge),
            ways.API: lambda: ways.through_api(first, path, own_address=True),
            ways.DOMAIN: lambda: ways.under_domain(first, wanted, path, edge=edge),
        }
        found = answers.get(name.kind)
        return Answer(404, f"{host}: a {name.kind} does not answer HTTP") if found is None else found()

    def _steered(self, domain: str, path: str) -> Answer:
        """Through Cloudflare's load balancer: the first pool that its monitor finds well, else the last resort."""
        balancer = next(one for one in self._edge(_LOAD_BALANCER) if str(one["name"]).lower() == domain)
        pools = {str(one["id"]): one for one in self._edge(_POOL)}
        monitors = {str(one["id"]): one for one in self._edge(_MONITOR)}
        order = [*balancer["defaultPools"], balancer["fallbackPool"]]
        well = [pool for pool in order if self._is_well(pools[pool], monitors, domain)]
        chosen = pools[(well or order[-1:])[0]]
        origins = [one for one in chosen["origins"] if one.get("enabled", True)]
        if not chosen.get("enabled", True) or not origins:
            return Answer(503, f"{chosen['name']}: no origin that is switched on")
        return self.answer(str(origins[0]["address"]), path, edge=True, domain=domain)

    def _is_well(self, pool: Props, monitors: dict[str, Props], domain: str) -> bool:
        """Whether enough of a pool's origins answer what its monitor asks."""
        monitor = monitors.get(str(pool.get("monitor")), {})
        path = str(monitor.get("path") or "/")
        origins = [one for one in pool["origins"] if one.get("enabled", True)]
        answers = [self.answer(str(one["address"]), path, edge=True, domain=domain) for one in origins]
        return bool(pool.get("enabled", True)) and sum(one.status in _SUCCESS for one in answers) >= int(
            pool.get("minimumOrigins") or 1
        )

    def _names(self) -> Iterator[Name]:
        """Every name that leads anywhere; a load balancer's goes before a record's."""
        yield from (Name(str(one["name"]), "edge balancer", one["defaultPools"]) for one in self._edge(_LOAD_BALANCER))
        for record in self._edge(_RECORD):
            if record.get("type") in ("A", "AAAA", "CNAME"):
                kind = "record" if record.get("proxied") else "alias"
                yield Name(str(record["name"]), kind, [str(record["content"])])
        yield from ways.names()


def _send(start_response: Callable[..., Any], status: int, text: str, kind: str) -> list[bytes]:
    body = text.encode()
    said = "OK" if status in _SUCCESS else "Not OK"
    start_response(f"{status} {said}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
