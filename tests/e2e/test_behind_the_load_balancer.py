"""Floyo from the HTTP API to the load balancer on the embedded cloud, and back: in order, and without a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components import facts
from tests.e2e.test_behind_the_edge import DOMAIN, ZONE, client, configure
from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.project import Project

EDGE = {"domain": DOMAIN, "zone": ZONE}
# A database does not shrink on the way back.
SIZES = {"databaseStorageGib": "100", "databaseMaxStorageGib": "200"}


def places(steps: list[dict[str, Any]], kind: str, op: str) -> list[int]:
    """Where in the update steps of a kind came."""
    return [place for place, step in enumerate(steps) if step["op"] == op and step["type"].endswith(kind)]


@thorough
@pytest.mark.xdist_group("edge")
def test_floyo_moves_to_a_load_balancer_and_back(project: Project) -> None:
    configure(project, phase="cached", **EDGE, **SIZES)
    project.up()
    configure(project, phase="scaled", deletionProtection="false", **EDGE, **SIZES)
    steps = project.up()["steps"]
    (moved,) = places(steps, ":DnsRecord", "update")
    assert max(places(steps, "ecs/service:Service", "update")) < moved
    # Whoever still asks the old way is answered until the record has moved.
    assert moved < min(places(steps, "apigatewayv2/domainName:DomainName", "delete"))

    balancing = client(project, "elbv2")
    (balancer,) = balancing.describe_load_balancers()["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    assert (balancer["Scheme"], len(balancer["AvailabilityZones"])) == ("internet-facing", 3)
    listeners = {one["Port"]: one for one in balancing.describe_listeners(LoadBalancerArn=arn)["Listeners"]}
    assert set(listeners) == {80, 443}
    assert listeners[80]["DefaultActions"][0]["RedirectConfig"]["Protocol"] == "HTTPS"
    assert listeners[443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13")
    assert listeners[443]["MutualAuthentication"]["Mode"] == "verify"
    groups = balancing.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
    assert {one["HealthCheckPath"] for one in groups} == {"/healthz", "/api/health"}
    assert all(len(one["TargetGroupName"]) <= 32 for one in groups)

    ec2 = client(project, "ec2")
    allowed = set()
    for group in ec2.describe_security_groups(GroupIds=balancer["SecurityGroups"])["SecurityGroups"]:
        for permission in group["IpPermissions"]:
            assert not permission["IpRanges"]
            assert not permission["Ipv6Ranges"]
            assert not permission["UserIdGroupPairs"]
            allowed |= {row["PrefixListId"] for row in permission["PrefixListIds"]}
    (ranges,) = allowed
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=ranges)["Entries"]
    assert {one["Cidr"] for one in entries} == set(facts.load("cloudflare")["ranges"])
    assert client(project, "wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["Rules"]
    assert client(project, "apigatewayv2").get_apis()["Items"] == []
    again = project.ascend("preview", "dev", "--embedded", "--json").document
    assert {step["op"] for step in again["steps"]} == {"same"}

    configure(project, phase="cached", deletionProtection="false", **EDGE, **SIZES)
    back = project.up()
    assert balancing.describe_load_balancers()["LoadBalancers"] == []
    assert client(project, "apigatewayv2").get_apis()["Items"]
    (moved,) = places(back["steps"], ":DnsRecord", "update")
    assert moved < min(places(back["steps"], "lb/loadBalancer:LoadBalancer", "delete"))
