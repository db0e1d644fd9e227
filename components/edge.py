"""In front of everything: Cloudflare answers under the stack's domain, caches, and alone is answered by the origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_cloudflare as cloudflare

from components import facts
from components.base import Component, Scope
from components.errors import ComponentError

YEAR_S = 31_536_000
#: What every zone setting of the stack's zone is.
SETTINGS: Mapping[str, str] = {
    # The origin's certificate is checked, by name.
    "ssl": "strict",
    # The origin listens on 443 only; plain requests are sent there by a redirect.
    "always_use_https": "on",
    "min_tls_version": "1.2",
    # Cloudflare shows its client certificate, without which the origin refuses the connection.
    "tls_client_auth": "on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePath:
    """What the edge does with answers under a path.

    Attributes:
        path: ``/*`` or ``/api/*``.
        ttl_s: seconds that it keeps answers to requests that carry no session; 0 keeps none; None does as each answer's
            own Cache-Control says, and keeps none that says nothing.
        static: whether files never change under their name, and so are kept for a year, here and by browsers.
    """

    path: str
    ttl_s: int | None = 0
    static: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLimit:
    """How often one address may ask, whoever is behind it.

    Attributes:
        path: what counts, ``/api/chat/*``.
        requests: requests in one window; the highest tier's, as the edge knows no tiers.
        period_s: the window, in seconds.
    """

    path: str
    requests: int
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeArgs:
    """What `Edge` needs.

    Attributes:
        scope: where it belongs.
        domain: the stack's domain name.
        zone_id: its zone, whose settings and rules are the stack's from now on.
        host: the origin's host name.
        paths: what is cached, the general before the particular.
        limits: rate limits by name; none without the switch of the phase.
        tiered: whether locations ask a regional tier before the origin.
    """

    scope: Scope
    domain: str
    zone_id: pulumi.Input[str]
    host: pulumi.Input[str]
    paths: Sequence[EdgePath]
    limits: Mapping[str, EdgeLimit]
    tiered: bool

    def __post_init__(self) -> None:
        """Refuse limits that Cloudflare cannot count.

        Raises:
            ComponentError: naming the limit and what is allowed.
        """
        periods = facts.load("cloudflare")["rate_limit_periods"]
        for name, limit in self.limits.items():
            if limit.period_s not in periods:
                known = ", ".join(map(str, periods))
                msg = f"rate limit '{name}' counts in windows of {limit.period_s} s; at the edge allowed: {known}"
                raise ComponentError(msg)


class Edge(Component):
    """A proxied record for the domain, the zone's TLS, and its rules.

    Each kind of rule is one ruleset of the zone, and a zone takes one of each: it belongs to this stack alone.

    Attributes:
        url: the public address, without a slash at its end.
    """

    tag = "edge"

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        settings: list[pulumi.Resource] = [
            cloudflare.ZoneSetting(
                self.child(key.replace("_", "-")),
                zone_id=args.zone_id,
                setting_id=key,
                value=value,
                opts=self.child_options(),
            )
            for key, value in SETTINGS.items()
        ]
        rules: list[pulumi.Resource] = [
            self._ruleset(
                "cache",
                "http_request_cache_settings",
                [rule for path in args.paths for rule in _cache(args.domain, path)],
            )
        ]
        static = [path for path in args.paths if path.static]
        if static:
            headers = [_immutable(args.domain, path) for path in static]
            rules.append(self._ruleset("headers", "http_response_headers_transform", headers))
        if args.limits:
            limits = [_limit(args.domain, key, limit) for key, limit in args.limits.items()]
            rules.append(self._ruleset("limits", "http_ratelimit", limits))
        if args.tiered:
            self._tiers()
        cloudflare.DnsRecord(
            self.child("record"),
            zone_id=args.zone_id,
            name=args.domain,
            type="CNAME",
            content=args.host,
            proxied=True,
            ttl=1,  # automatic, the only one that a proxied record has
            comment=f"{args.scope.system}, stack {args.scope.stack}",
            # Visitors come when the rules are there: nothing is cached by accident, or sent on in the clear.
            opts=self.child_options(depends_on=[*settings, *rules]),
        )
        self.url = f"https://{args.domain}"
        self.register_outputs({"url": self.url})

    def _ruleset(self, suffix: str, phase: str, rules: Sequence[cloudflare.RulesetRuleArgs]) -> cloudflare.Ruleset:
        return cloudflare.Ruleset(
            self.child(suffix),
            zone_id=self._args.zone_id,
            kind="zone",
            phase=phase,
            name=f"{self.scope.system}, stack {self.scope.stack}",
            rules=rules,
            opts=self.child_options(),
        )

    def _tiers(self) -> None:
        """The nearest tier is chosen by Cloudflare (smart topology), which needs tiers at all."""
        tiers = cloudflare.ArgoTieredCaching(
            self.child("tiers"), zone_id=self._args.zone_id, value="on", opts=self.child_options()
        )
        cloudflare.TieredCache(
            self.child("topology"),
            zone_id=self._args.zone_id,
            value="on",
            opts=self.child_options(depends_on=[tiers]),
        )


def zone_of(name: str) -> pulumi.Output[str]:
    """The id of a zone that the API token may see. An unknown name fails when it is asked for."""
    found = cloudflare.get_zone_output(filter=cloudflare.GetZoneFilterArgs(match="all", name=name))
    return found.id.apply(str)


def matches(domain: str, path: str) -> str:
    """Cloudflare's expression for requests of a domain under a path.

    Raises:
        ComponentError: if the pattern does not end in ``/*``.
    """
    if not (path.startswith("/") and path.endswith("/*")) or '"' in path:
        msg = f"path '{path}' at the edge; allowed: '/*', or a path that ends in '/*'"
        raise ComponentError(msg)
    host = f'http.host eq "{domain}"'
    base = path.removesuffix("/*")
    if not base:
        return f"({host})"
    below = f'(http.request.uri.path eq "{base}" or starts_with(http.request.uri.path, "{base}/"))'
    return f"({host} and {below})"


def _cache(domain: str, path: EdgePath) -> list[cloudflare.RulesetRuleArgs]:
    """The rules of the cache for one path; a later one wins over an earlier one."""
    expression = matches(domain, path.path)
    ref = f"cache-{path.path.strip('/*').replace('/', '-') or 'all'}"

    def rule(
        told: str, parameters: cloudflare.RulesetRuleActionParametersArgs, where: str = expression, name: str = ref
    ) -> cloudflare.RulesetRuleArgs:
        return cloudflare.RulesetRuleArgs(
            ref=name,
            description=f"{path.path}: {told}",
            expression=where,
            action="set_cache_settings",
            action_parameters=parameters,
            enabled=True,
        )

    if path.static:
        return [rule("kept for a year", _kept(YEAR_S))]
    if path.ttl_s is None:
        as_told = cloudflare.RulesetRuleActionParametersEdgeTtlArgs(mode="bypass_by_default")
        parameters = cloudflare.RulesetRuleActionParametersArgs(cache=True, edge_ttl=as_told)
        return [rule("kept as each answer says", parameters)]
    never = rule("never kept", cloudflare.RulesetRuleActionParametersArgs(cache=False))
    if not path.ttl_s:
        return [never]
    # What one user is told must not be another's: whoever sends a cookie or a token is answered by the service.
    anonymous = f'({expression} and http.cookie eq "" and not any(http.request.headers.names[*] eq "authorization"))'
    told = f"kept for {path.ttl_s} s where nobody is signed in"
    return [never, rule(told, _kept(path.ttl_s), anonymous, f"{ref}-anonymous")]


def _kept(seconds: int) -> cloudflare.RulesetRuleActionParametersArgs:
    """Good answers for so long, others not: a file that one task does not have yet must not be missing for a year."""
    return cloudflare.RulesetRuleActionParametersArgs(
        cache=True,
        edge_ttl=cloudflare.RulesetRuleActionParametersEdgeTtlArgs(
            mode="override_origin",
            default=seconds,
            status_code_ttls=[
                cloudflare.RulesetRuleActionParametersEdgeTtlStatusCodeTtlArgs(
                    status_code_range=cloudflare.RulesetRuleActionParametersEdgeTtlStatusCodeTtlStatusCodeRangeArgs(
                        from_=400, to=599
                    ),
                    value=-1,  # no-store
                )
            ],
        ),
    )


def _immutable(domain: str, path: EdgePath) -> cloudflare.RulesetRuleArgs:
    """What browsers are told of static files: there is no need to ask again."""
    return cloudflare.RulesetRuleArgs(
        ref=f"immutable-{path.path.strip('/*').replace('/', '-')}",
        description=f"{path.path}: immutable for a year",
        expression=f"({matches(domain, path.path)} and http.response.code eq 200)",
        action="rewrite",
        action_parameters=cloudflare.RulesetRuleActionParametersArgs(
            headers={
                "Cache-Control": cloudflare.RulesetRuleActionParametersHeadersArgs(
                    operation="set", value=f"public, max-age={YEAR_S}, immutable"
                )
            }
        ),
        enabled=True,
    )


def _limit(domain: str, name: str, limit: EdgeLimit) -> cloudflare.RulesetRuleArgs:
    """A limit on one address: the ceiling over all tiers, below which the services count by user and tier."""
    return cloudflare.RulesetRuleArgs(
        ref=f"limit-{name}",
        description=f"{name}: {limit.requests} in {limit.period_s} s from one address",
        expression=matches(domain, limit.path),
        action="block",
        ratelimit=cloudflare.RulesetRuleRatelimitArgs(
            characteristics=["cf.colo.id", "ip.src"],
            period=limit.period_s,
            requests_per_period=limit.requests,
            mitigation_timeout=limit.period_s,
            # Also what the edge answers from its cache counts.
            requests_to_origin=False,
        ),
        enabled=True,
    )
