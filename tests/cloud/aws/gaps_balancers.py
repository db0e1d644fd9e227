"""Elastic Load Balancing, AWS WAF and prefix lists."""

from __future__ import annotations

from typing import Any

from tests.cloud.aws.gaps import client, gap, not_implemented

REDIRECT = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Port": "443"}}


def network() -> tuple[str, list[str]]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    return vpc, subnets


def balancer(**more: Any) -> str:
    made = client("elbv2").create_load_balancer(Name="web", Subnets=network()[1], **more)
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def group(**more: Any) -> str:
    made = client("elbv2").create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=network()[0], TargetType="ip", **more
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def listener(arn: str, action: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    settings = {"Protocol": "HTTP", **more}
    actions = [action or REDIRECT]
    made = client("elbv2").create_listener(LoadBalancerArn=arn, Port=80, DefaultActions=actions, **settings)
    found: dict[str, Any] = made["Listeners"][0]
    return found


def set_attribute(arn: str, key: str, value: str) -> None:
    client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])


@gap
def elb_balancer_in_one_subnet_of_a_closed_vpc() -> None:
    client("elbv2").create_load_balancer(Name="web", Subnets=network()[1][:1])


@gap
def elb_balancers_name_repeats() -> None:
    subnets = network()[1]
    for _ in range(2):
        client("elbv2").create_load_balancer(Name="web", Subnets=subnets)


@gap
def elb_balancer_has_no_security_group_of_its_own() -> None:
    found = client("elbv2").describe_load_balancers(LoadBalancerArns=[balancer()])["LoadBalancers"][0]
    assert found.get("SecurityGroups", []) == []


@gap
def elb_balancers_security_group_can_be_deleted() -> None:
    vpc, subnets = network()
    made = client("ec2").create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    client("elbv2").create_load_balancer(Name="web", Subnets=subnets, SecurityGroups=[made])
    client("ec2").delete_security_group(GroupId=made)


@gap
def elb_balancer_has_five_attributes() -> None:
    rows = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer())["Attributes"]
    assert "idle_timeout.timeout_seconds" not in {row["Key"] for row in rows}


@gap
def elb_health_check_logs_have_no_bucket() -> None:
    not_implemented(lambda: set_attribute(balancer(), "health_check_logs.s3.bucket", "logs"))


@gap
def elb_logs_go_to_any_bucket() -> None:
    arn = balancer()
    set_attribute(arn, "access_logs.s3.bucket", "nowhere")
    set_attribute(arn, "access_logs.s3.enabled", "true")


@gap
def elb_protection_against_deletion_does_nothing() -> None:
    arn = balancer()
    set_attribute(arn, "deletion_protection.enabled", "true")
    client("elbv2").delete_load_balancer(LoadBalancerArn=arn)


@gap
def elb_internal_balancers_name_is_as_any_other() -> None:
    found = client("elbv2").describe_load_balancers(LoadBalancerArns=[balancer(Scheme="internal")])["LoadBalancers"][0]
    assert not found["DNSName"].startswith("internal-")
    assert found["CanonicalHostedZoneId"] == "Z2P70J7EXAMPLE"


@gap
def elb_group_lacks_attributes() -> None:
    rows = client("elbv2").describe_target_group_attributes(TargetGroupArn=group())["Attributes"]
    assert "stickiness.lb_cookie.duration_seconds" not in {row["Key"] for row in rows}


@gap
def elb_longest_deregistration_delay_is_refused() -> None:
    rows = [{"Key": "deregistration_delay.timeout_seconds", "Value": "3600"}]
    not_implemented(lambda: client("elbv2").modify_target_group_attributes(TargetGroupArn=group(), Attributes=rows))


@gap
def elb_groups_grpc_codes_cannot_change() -> None:
    arn = group(ProtocolVersion="GRPC", Matcher={"GrpcCode": "0"})
    changed = client("elbv2").modify_target_group(TargetGroupArn=arn, Matcher={"GrpcCode": "12"})
    assert changed["TargetGroups"][0]["Matcher"] == {"GrpcCode": "0"}


@gap
def elb_groups_health_check_is_always_on() -> None:
    found = client("elbv2").describe_target_groups(TargetGroupArns=[group(HealthCheckEnabled=False)])
    assert found["TargetGroups"][0]["HealthCheckEnabled"] is True


@gap
def elb_target_is_any_address_and_healthy_without_a_listener() -> None:
    arn = group()
    client("elbv2").register_targets(TargetGroupArn=arn, Targets=[{"Id": "192.168.0.1"}])
    rows = client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert rows[0]["TargetHealth"]["State"] == "healthy"


@gap
def elb_group_names_a_balancer_that_no_longer_leads_to_it() -> None:
    arn, target = balancer(), group()
    made = listener(arn, action={"Type": "forward", "TargetGroupArn": target})
    client("elbv2").delete_listener(ListenerArn=made["ListenerArn"])
    found = client("elbv2").describe_target_groups(TargetGroupArns=[target])["TargetGroups"][0]
    assert found["LoadBalancerArns"] == [arn]


@gap
def elb_group_serves_any_balancer_in_any_vpc() -> None:
    listener(balancer(), action={"Type": "forward", "TargetGroupArn": group()})


@gap
def elb_listeners_port_repeats() -> None:
    arn = balancer()
    for _ in range(2):
        listener(arn)


@gap
def elb_https_listener_needs_nothing() -> None:
    listener(balancer(), Protocol="HTTPS", SslPolicy="none")


@gap
def elb_http_listener_has_a_policy() -> None:
    assert listener(balancer())["SslPolicy"]


@gap
def elb_certificate_of_a_deleted_listener_stays_in_use() -> None:
    made = client("acm").request_certificate(DomainName="app.floyo.example", ValidationMethod="DNS")["CertificateArn"]
    https = listener(
        balancer(), Protocol="HTTPS", Certificates=[{"CertificateArn": made}], SslPolicy="ELBSecurityPolicy-2016-08"
    )
    client("elbv2").delete_listener(ListenerArn=https["ListenerArn"])
    found = client("acm").describe_certificate(CertificateArn=made)["Certificate"]
    assert found["InUseBy"] == [https["ListenerArn"]]


@gap
def elb_listener_forgets_mutual_authentication() -> None:
    made = listener(balancer(), Protocol="HTTPS", MutualAuthentication={"Mode": "passthrough"})
    assert "MutualAuthentication" not in made


@gap
def elb_rule_that_is_not_there_is_deleted() -> None:
    arn = listener(balancer())["ListenerArn"].replace(":listener/", ":listener-rule/")
    client("elbv2").delete_rule(RuleArn=f"{arn}/1")


@gap
def elb_has_no_trust_stores() -> None:
    bundle = {"CaCertificatesBundleS3Bucket": "trust", "CaCertificatesBundleS3Key": "ca.pem"}
    not_implemented(lambda: client("elbv2").create_trust_store(Name="origin", **bundle))
    not_implemented(lambda: client("elbv2").describe_trust_stores())


def acl(*rules: dict[str, Any]) -> dict[str, Any]:
    settings = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "web"}
    made: dict[str, Any] = client("wafv2").create_web_acl(
        Name="web", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=settings, Rules=list(rules)
    )["Summary"]
    return made


def rule(name: str = "geo") -> dict[str, Any]:
    settings = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    statement = {"GeoMatchStatement": {"CountryCodes": ["DE"]}}
    return {"Name": name, "Priority": 0, "Action": {"Count": {}}, "Statement": statement, "VisibilityConfig": settings}


def found(made: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client("wafv2").get_web_acl(Name="web", Scope="REGIONAL", Id=made["Id"])["WebACL"]
    return answer


@gap
def waf_capacity_is_three() -> None:
    assert found(acl(rule()))["Capacity"] == 3


@gap
def waf_rules_priority_repeats() -> None:
    acl(rule("a"), rule("b"))


@gap
def waf_update_keeps_what_it_does_not_name() -> None:
    made = acl(rule())
    kept = {key: found(made)[key] for key in ("DefaultAction", "VisibilityConfig")}
    client("wafv2").update_web_acl(Name="web", Scope="REGIONAL", Id=made["Id"], LockToken=made["LockToken"], **kept)
    assert len(found(made)["Rules"]) == 1


@gap
def waf_protects_what_is_not_there_and_can_be_deleted() -> None:
    made = acl()
    target = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/1"
    client("wafv2").associate_web_acl(WebACLArn=made["ARN"], ResourceArn=target)
    client("wafv2").delete_web_acl(Name="web", Scope="REGIONAL", Id=made["Id"], LockToken=made["LockToken"])


@gap
def waf_logs_go_anywhere() -> None:
    group_arn = "arn:aws:logs:eu-west-1:123456789012:log-group:nowhere"
    configuration = {"ResourceArn": "arn:aws:wafv2:nothing", "LogDestinationConfigs": [group_arn]}
    client("wafv2").put_logging_configuration(LoggingConfiguration=configuration)


def ranges(count: int = 1, most: int = 1) -> str:
    entries = [{"Cidr": f"10.{number}.0.0/16"} for number in range(count)]
    made = client("ec2").create_managed_prefix_list(
        PrefixListName="edge", MaxEntries=most, AddressFamily="IPv4", Entries=entries
    )
    return str(made["PrefixList"]["PrefixListId"])


@gap
def ec2_prefix_list_has_more_entries_than_it_may() -> None:
    ranges(count=2)


@gap
def ec2_prefix_list_that_is_not_there_is_no_error() -> None:
    assert client("ec2").describe_managed_prefix_lists(PrefixListIds=["pl-0"])["PrefixLists"] == []


@gap
def ec2_prefix_list_forgets_its_name_and_cannot_grow() -> None:
    made = ranges()
    changed = client("ec2").modify_managed_prefix_list(PrefixListId=made, MaxEntries=5)["PrefixList"]
    assert (changed.get("PrefixListName"), changed["MaxEntries"]) == (None, 1)


@gap
def ec2_prefix_list_of_any_version_can_change() -> None:
    entries = [{"Cidr": "10.9.0.0/16"}]
    client("ec2").modify_managed_prefix_list(PrefixListId=ranges(most=2), CurrentVersion=7, AddEntries=entries)


@gap
def ec2_prefix_list_in_use_can_be_deleted_and_counts_for_one_rule() -> None:
    made = ranges(most=61)
    security_group = client("ec2").create_security_group(GroupName="web", Description="web", VpcId=network()[0])[
        "GroupId"
    ]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": made}]}
    client("ec2").authorize_security_group_ingress(GroupId=security_group, IpPermissions=[permission])
    client("ec2").delete_managed_prefix_list(PrefixListId=made)


@gap
def ec2_prefix_list_that_was_deleted_can_be_seen() -> None:
    made = ranges()
    client("ec2").delete_managed_prefix_list(PrefixListId=made)
    state = client("ec2").describe_managed_prefix_lists(PrefixListIds=[made])["PrefixLists"][0]["State"]
    assert state == "delete-complete"
