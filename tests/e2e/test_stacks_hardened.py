"""What the 20 stacks show to the world, and who may do what in them: read with boto3, never from the program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.account import ACCOUNT, listed, statements
from tests.e2e.stack_files import PHASES

if TYPE_CHECKING:
    from tests.e2e.stacks import Stacks

# What the internet reaches.


def test_nothing_takes_connections_from_everywhere(stacks: Stacks) -> None:
    seen = 0
    for region, group, permission in stacks.account.security_group_rules():
        seen += 1
        where = f"{region} {group['GroupName']}"
        assert all(one["CidrIp"] != "0.0.0.0/0" for one in permission["IpRanges"]), where
        assert all(one["CidrIpv6"] != "::/0" for one in permission["Ipv6Ranges"]), where
        # Whole networks only where groups cannot be named: from the same stack's network in another region.
        for one in permission["IpRanges"]:
            assert one["CidrIp"].startswith("10."), where
        assert permission["IpProtocol"] == "tcp", where
        assert permission["FromPort"] == permission["ToPort"], where
    assert seen > 20


def test_lists_of_addresses_open_the_web_ports_and_hold_the_edge_alone(stacks: Stacks) -> None:
    """A load balancer answers Cloudflare; the lists that it is opened to are of public addresses, and none is wide."""
    opened = [
        (region, one["PrefixListId"], permission["FromPort"])
        for region, _, permission in stacks.account.security_group_rules()
        for one in permission["PrefixListIds"]
    ]
    assert opened
    for region, prefix_list, port in opened:
        assert port in (443, 80), "80 is the redirect to 443"
        ec2 = stacks.account.client("ec2", region)
        entries = ec2.get_managed_prefix_list_entries(PrefixListId=prefix_list)["Entries"]
        assert len(entries) >= 7
        assert all(int(entry["Cidr"].rpartition("/")[2]) >= 12 for entry in entries)


def test_the_default_group_of_every_network_lets_nothing_through(stacks: Stacks) -> None:
    networks = stacks.account.own_networks()
    assert len(networks) == len(PHASES) + 1
    defaults = [
        group
        for _, group in stacks.account.items("ec2", "describe_security_groups", "SecurityGroups")
        if group["GroupName"] == "default" and group["VpcId"] in networks
    ]
    assert len(defaults) == len(networks)
    for group in defaults:
        assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_http_apis_behind_the_edge_have_no_address_of_their_own(stacks: Stacks) -> None:
    for region in stacks.account.regions:
        for api in stacks.account.client("apigatewayv2", region).get_apis()["Items"]:
            behind = "p1" not in api["Tags"]["stack"]
            assert api["DisableExecuteApiEndpoint"] is behind, api["Name"]
        for domain in stacks.account.client("apigatewayv2", region).get_domain_names()["Items"]:
            (configuration,) = domain["DomainNameConfigurations"]
            assert configuration["SecurityPolicy"] == "TLS_1_2"
            assert domain["MutualTlsAuthentication"]["TruststoreUri"].startswith("s3://")


def test_load_balancers_speak_tls_to_the_edge_alone(stacks: Stacks) -> None:
    found = list(stacks.account.items("elbv2", "describe_load_balancers", "LoadBalancers"))
    assert len(found) >= 3, "one at phase 3, one in each region at phase 4"
    for region, balancer in found:
        client = stacks.account.client("elbv2", region)
        arn = balancer["LoadBalancerArn"]
        assert balancer["Scheme"] == "internet-facing"
        rows = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        attributes = {row["Key"]: row["Value"] for row in rows}
        assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
        assert attributes["deletion_protection.enabled"] == "true"
        assert attributes["access_logs.s3.enabled"] == "true"
        for listener in client.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            if listener["Protocol"] == "HTTPS":
                assert "TLS13" in listener["SslPolicy"]
                assert listener["Certificates"]
                assert listener["MutualAuthentication"]["Mode"] == "verify"
            else:
                (action,) = listener["DefaultActions"]
                assert (action["Type"], action["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
        firewall = stacks.account.client("wafv2", region).get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
        statements_ = [rule["Statement"] for rule in firewall["Rules"]]
        assert any("ManagedRuleGroupStatement" in statement for statement in statements_)
        assert any("RateBasedStatement" in statement for statement in statements_)


# What holds data.


def test_databases_are_private_encrypted_and_kept(stacks: Stacks) -> None:
    found = list(stacks.account.items("rds", "describe_db_instances", "DBInstances"))
    primaries = [(region, one) for region, one in found if "ReadReplicaSourceDBInstanceIdentifier" not in one]
    assert len(primaries) >= len(PHASES)
    for region, database in found:
        assert database["PubliclyAccessible"] is False
        assert database["StorageEncrypted"] is True
        assert f":{region}:" in database["KmsKeyId"]
        rds = stacks.account.client("rds", region)
        group = database["DBParameterGroups"][0]["DBParameterGroupName"]
        assert not group.startswith("default")
        pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=group)
        parameters = {row["ParameterName"]: row.get("ParameterValue") for page in pages for row in page["Parameters"]}
        assert parameters["rds.force_ssl"] == "1"
    for _, database in primaries:
        assert database["DeletionProtection"] is True
        assert database["BackupRetentionPeriod"] >= 7


def test_database_proxies_take_tls_only(stacks: Stacks) -> None:
    for _, proxy in stacks.account.items("rds", "describe_db_proxies", "DBProxies"):
        assert proxy["RequireTLS"] is True
        assert {one["AuthScheme"] for one in proxy["Auth"]} == {"SECRETS"}


def test_caches_are_encrypted_at_rest_and_on_the_way(stacks: Stacks) -> None:
    found = list(stacks.account.items("elasticache", "describe_replication_groups", "ReplicationGroups"))
    assert len(found) >= 4
    for region, group in found:
        assert group["AtRestEncryptionEnabled"] is True
        assert group["TransitEncryptionEnabled"] is True
        assert group["TransitEncryptionMode"] == "required"
        assert group["AuthTokenEnabled"] is True
        assert f":{region}:" in group["KmsKeyId"]


def test_buckets_are_closed_encrypted_and_deny_plain_transport(stacks: Stacks) -> None:
    s3, buckets = stacks.account.client("s3"), stacks.account.buckets()
    assert buckets
    for bucket in buckets:
        blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}, bucket
        ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}], bucket
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules, bucket
        policy = statements(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        denied = [one for one in policy if one["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denied], bucket
        for one in policy:
            if one["Effect"] == "Allow":
                assert one["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, bucket
                # For this account's load balancers only: they write below its number.
                assert all(f"/AWSLogs/{ACCOUNT}/" in resource for resource in listed(one["Resource"])), bucket
                assert listed(one["Action"]) == ["s3:PutObject"], bucket


def test_queues_topics_secrets_and_logs_are_encrypted_with_a_key_of_ours(stacks: Stacks) -> None:
    account = stacks.account
    for region in account.regions:
        sqs = account.client("sqs", region)
        for url in sqs.list_queues().get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            assert attributes["KmsMasterKeyId"], url
            policy = statements(attributes["Policy"])
            assert any(one["Effect"] == "Deny" for one in policy), url
        sns = account.client("sns", region)
        for topic in sns.list_topics()["Topics"]:
            attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
            assert attributes["KmsMasterKeyId"], topic["TopicArn"]
        for secret in account.client("secretsmanager", region).list_secrets()["SecretList"]:
            assert f":{region}:" in secret["KmsKeyId"], secret["Name"]
    groups = list(account.items("logs", "describe_log_groups", "logGroups"))
    assert len(groups) >= 4 * len(PHASES)
    for region, group in groups:
        assert f":{region}:" in group["kmsKeyId"], group["logGroupName"]
        assert group["retentionInDays"] > 0, group["logGroupName"]


def test_keys_are_multi_region_and_rotate(stacks: Stacks) -> None:
    own = []
    for region, key in stacks.account.items("kms", "list_keys", "Keys"):
        kms = stacks.account.client("kms", region)
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyManager"] != "CUSTOMER":
            continue
        own.append(described["MultiRegionConfiguration"]["MultiRegionKeyType"])
        assert described["MultiRegion"] is True
        policy = statements(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
        for one in policy:
            assert "kms:*" not in listed(one["Action"])
            assert one["Principal"] not in ("*", {"AWS": "*"})
        if own[-1] == "PRIMARY":
            assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    assert sorted(own) == ["PRIMARY"] * len(PHASES) + ["REPLICA"]


# Who may do what.

#: Actions that AWS knows no resource for; each must stand alone in its statement.
RESOURCELESS = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}


def test_no_role_may_do_more_than_it_names(stacks: Stacks) -> None:
    seen = 0
    for role, statement in stacks.account.statements():
        seen += 1
        actions = listed(statement["Action"])
        assert all(not action.endswith(":*") and action != "*" for action in actions), role
        if "*" in listed(statement["Resource"]):
            assert set(actions) <= RESOURCELESS, (role, statement)
        assert not any(action.startswith(("iam:", "sts:AssumeRole")) for action in actions), role
    assert seen > 3 * len(PHASES)


#: Services whose documented trust policies name no source: S3 replication and RDS Proxy.
WITHOUT_SOURCE = {"rds.amazonaws.com", "s3.amazonaws.com"}


def test_roles_are_taken_by_one_service_for_this_account(stacks: Stacks) -> None:
    for role in stacks.account.roles():
        (statement,) = statements(role["AssumeRolePolicyDocument"])
        assert set(statement["Principal"]) == {"Service"}, role["RoleName"]
        assert len(listed(statement["Principal"]["Service"])) == 1, role["RoleName"]
        assert (
            stacks.account.client("iam").list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
            == []
        ), role["RoleName"]
        if statement["Principal"]["Service"] not in WITHOUT_SOURCE:
            assert "aws:SourceAccount" in json.dumps(statement["Condition"]), role["RoleName"]


def test_containers_find_secrets_as_secrets_only(stacks: Stacks) -> None:
    seen = 0
    for region in stacks.account.regions:
        ecs = stacks.account.client("ecs", region)
        for cluster in ecs.list_clusters()["clusterArns"]:
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
                (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
                for container in task["containerDefinitions"]:
                    seen += 1
                    told = json.dumps(container["environment"])
                    assert "postgresql://" not in told
                    assert "rediss://" not in told
                    assert container["readonlyRootFilesystem"] is True, container["name"]
                    assert not container.get("privileged")
    assert seen > 2 * len(PHASES)
