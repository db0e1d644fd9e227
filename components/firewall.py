"""What is let through to a load balancer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import wafv2

from components import facts
from components.base import Component, Scope
from components.errors import ComponentError
from components.logs import log_group
from components.paths import base_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_aws.wafv2 import (
        WebAclRuleActionArgsDict,
        WebAclRuleArgsDict,
        WebAclRuleStatementArgsDict,
        WebAclRuleStatementManagedRuleGroupStatementArgsDict,
        WebAclRuleStatementRateBasedStatementArgsDict,
    )

#: Headers whose values give a session away.
_CREDENTIALS = ("authorization", "cookie")
#: What a client is told that asks too often.
_REFUSE: WebAclRuleActionArgsDict = {"block": {"custom_response": {"response_code": 429}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often one client may ask.

    Attributes:
        requests: requests in one window.
        window_s: the window, in seconds.
        path: what counts, ``/api/chat/*``; everything where it is ``/*``.
    """

    requests: int
    window_s: int
    path: str = "/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallArgs:
    """What `Firewall` needs.

    Attributes:
        scope: where it belongs.
        resource_arn: the load balancer.
        key_arn: the key of its log.
        client_header: the header that whoever stands in front writes the client's address into, over whatever a client
            has written there.
        rates: how often one client may ask, by name.
    """

    scope: Scope
    resource_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    client_header: str
    rates: Mapping[str, Rate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rates that AWS cannot count.

        Raises:
            ComponentError: naming the rate and what is allowed.
        """
        known = facts.load("firewall")
        for name, rate in self.rates.items():
            if rate.window_s not in known["windows_s"]:
                allowed = ", ".join(map(str, known["windows_s"]))
                msg = f"rate '{name}' counts in windows of {rate.window_s} s; at the firewall allowed: {allowed}"
                raise ComponentError(msg)
            if rate.requests < known["min_requests"]:
                msg = (
                    f"rate '{name}' ends at {rate.requests} requests; at the firewall at least {known['min_requests']}"
                )
                raise ComponentError(msg)
            base_of(rate.path)


class Firewall(Component):
    """A web ACL in front of a load balancer: rates per client first, then the rules that Amazon keeps.

    It logs what it blocks and what it would have blocked, with credentials taken out.

    Attributes:
        log_group_name: where it logs.
    """

    tag = "firewall"

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region = args.scope.region
        acl = wafv2.WebAcl(
            self.child("acl"),
            name=self.child("acl"),
            description=f"{args.scope.system}, stack {args.scope.stack}",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=self._rules(),
            visibility_config={
                "metric_name": self.child("acl"),
                "cloudwatch_metrics_enabled": True,
                "sampled_requests_enabled": True,
            },
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        # AWS adds its own permission to write here when the logging is set up. Requests that it let through are in the
        # load balancer's own log; these are copies of the rest, and go with the firewall.
        log = log_group(self, "log", f"{facts.load('firewall')['log_prefix']}{name}", args.key_arn, protect=False)
        self._log_to(acl, log.arn)
        joined = wafv2.WebAclAssociation(
            self.child("joined"),
            resource_arn=args.resource_arn,
            web_acl_arn=acl.arn,
            region=region,
            opts=self.child_options(),
        )
        self._joined = joined.id
        self.log_group_name = log.name
        self.register_outputs({"logGroupName": self.log_group_name})

    def guarded(self, address: pulumi.Output[str]) -> pulumi.Output[str]:
        """An address of the load balancer, known when nothing passes by the firewall any more."""
        return pulumi.Output.all(address, self._joined).apply(lambda known: str(known[0]))

    def _rules(self) -> list[WebAclRuleArgsDict]:
        """The cheap and certain before the rest."""
        rates = {f"rate-{name}": self._rate(rate) for name, rate in self._args.rates.items()}
        kept = {str(group["name"]): _managed(group) for group in facts.load("firewall")["groups"]}
        rules = []
        for priority, (name, statement) in enumerate({**rates, **kept}.items()):
            rule: WebAclRuleArgsDict = {
                "name": name,
                "priority": priority,
                "statement": statement,
                "visibility_config": {
                    "metric_name": name,
                    "cloudwatch_metrics_enabled": True,
                    "sampled_requests_enabled": True,
                },
            }
            if name in rates:
                rule["action"] = _REFUSE
            else:
                rule["override_action"] = {"none": {}}  # the group's rules say themselves what they do
            rules.append(rule)
        return rules

    def _rate(self, rate: Rate) -> WebAclRuleStatementArgsDict:
        """Requests of a client that asks more often."""
        statement: WebAclRuleStatementRateBasedStatementArgsDict = {
            "limit": rate.requests,
            "evaluation_window_sec": rate.window_s,
            # The connection's own address is that of whoever stands in front, the same for all.
            "aggregate_key_type": "FORWARDED_IP",
            # Whoever stands in front writes it for every client. What comes without one is no client's: Cloudflare's
            # monitors ask for themselves, and to match is to be refused.
            "forwarded_ip_config": {"header_name": self._args.client_header, "fallback_behavior": "NO_MATCH"},
        }
        base = base_of(rate.path)
        if base:
            statement["scope_down_statement"] = {
                "byte_match_statement": {
                    "search_string": f"{base}/",
                    "positional_constraint": "STARTS_WITH",
                    "field_to_match": {"uri_path": {}},
                    "text_transformations": [{"priority": 0, "type": "NONE"}],
                }
            }
        return {"rate_based_statement": statement}

    def _log_to(self, acl: wafv2.WebAcl, log_arn: pulumi.Input[str]) -> None:
        """Log what is blocked, and what would have been."""
        kept = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
        wafv2.WebAclLoggingConfiguration(
            self.child("log"),
            resource_arn=acl.arn,
            log_destination_configs=[log_arn],
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in kept],
                    }
                ],
            },
            redacted_fields=[{"single_header": {"name": name}} for name in _CREDENTIALS],
            region=self.scope.region,
            opts=self.child_options(),
        )


def _managed(group: Mapping[str, Any]) -> WebAclRuleStatementArgsDict:
    """Requests that one of the rules matches which Amazon keeps in a group."""
    statement: WebAclRuleStatementManagedRuleGroupStatementArgsDict = {"vendor_name": "AWS", "name": group["name"]}
    if group["count"]:
        statement["rule_action_overrides"] = [{"name": name, "action_to_use": {"count": {}}} for name in group["count"]]
    return {"managed_rule_group_statement": statement}
