"""How to make an object of each kind that others refer to: a region in, what a reference would say out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cloud.lab import Lab

_BUNDLE = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rds.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


def _vpc(lab: Lab, region: str) -> str:
    """With a way to the internet, which load balancers and NAT gateways want."""
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16", region=region, enableDnsHostnames=True).id
    lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=vpc, region=region)
    return vpc


def _subnet(lab: Lab, region: str, vpc: str = "", index: int = 0) -> str:
    zone = f"{region}{'abc'[index]}"
    vpc = vpc or _vpc(lab, region)
    block = f"10.0.{index}.0/24"
    return lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=block, availabilityZone=zone, region=region).id


def _subnets(lab: Lab, region: str) -> list[str]:
    vpc = _vpc(lab, region)
    return [_subnet(lab, region, vpc, index) for index in range(2)]


def _of(token: str, output: str = "id", **inputs: Any) -> Callable[[Lab, str], str]:
    """A plain object, by one of its outputs."""
    return lambda lab, region: str(lab.create(token, region=region, **inputs).outputs[output])


def _in_vpc(token: str, **inputs: Any) -> Callable[[Lab, str], str]:
    return lambda lab, region: lab.create(token, vpcId=_vpc(lab, region), region=region, **inputs).id


def _nat_gateway(lab: Lab, region: str) -> str:
    address = lab.create("aws:ec2/eip:Eip", domain="vpc", region=region).id
    subnet = _subnet(lab, region)
    return lab.create("aws:ec2/natGateway:NatGateway", subnetId=subnet, allocationId=address, region=region).id


def _prefix_list(lab: Lab, region: str) -> str:
    made = lab.client("ec2", region).create_managed_prefix_list(
        PrefixListName="edge", MaxEntries=1, AddressFamily="IPv4"
    )
    return str(made["PrefixList"]["PrefixListId"])


def _namespace(lab: Lab, region: str) -> str:
    token = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
    return lab.create(token, name="floyo.internal", vpc=_vpc(lab, region), region=region).id


def _cloud_map_service(lab: Lab, region: str) -> str:
    dns = {"namespaceId": _namespace(lab, region), "dnsRecords": [{"type": "SRV", "ttl": 10}]}
    return lab.create("aws:servicediscovery/service:Service", name="web", dnsConfig=dns, region=region).id


def _vpc_link(lab: Lab, region: str) -> str:
    subnets = _subnets(lab, region)
    return lab.create("aws:apigatewayv2/vpcLink:VpcLink", subnetIds=subnets, securityGroupIds=[], region=region).id


def _certificate(lab: Lab, region: str) -> str:
    """An issued one."""
    name = "app.floyo.example"
    made = lab.create("aws:acm/certificate:Certificate", domainName=name, validationMethod="DNS", region=region)
    names = [row["resourceRecordName"] for row in made.outputs["domainValidationOptions"]]
    validation = "aws:acm/certificateValidation:CertificateValidation"
    lab.create(validation, certificateArn=made.id, validationRecordFqdns=names, region=region)
    return made.id


def _domain_name(lab: Lab, region: str) -> str:
    configuration = {
        "certificateArn": _certificate(lab, region),
        "endpointType": "REGIONAL",
        "securityPolicy": "TLS_1_2",
    }
    token = "aws:apigatewayv2/domainName:DomainName"
    return lab.create(token, domainName="app.floyo.example", domainNameConfiguration=configuration, region=region).id


def _load_balancer(lab: Lab, region: str) -> str:
    made = lab.client("elbv2", region).create_load_balancer(Name="front", Subnets=_subnets(lab, region))
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _target_group(lab: Lab, region: str) -> str:
    made = lab.client("elbv2", region).create_target_group(
        Name="web", Protocol="HTTP", Port=8080, VpcId=_vpc(lab, region), TargetType="ip"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def _listener(lab: Lab, region: str) -> str:
    made = lab.client("elbv2", region).create_listener(
        LoadBalancerArn=_load_balancer(lab, region),
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    return str(made["Listeners"][0]["ListenerArn"])


def _web_acl(lab: Lab, region: str) -> str:
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "front"}
    made = lab.client("wafv2", region).create_web_acl(
        Name="front", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[]
    )
    return str(made["Summary"]["ARN"])


def _database(lab: Lab, region: str) -> str:
    lab.client("rds", region).create_db_instance(
        DBInstanceIdentifier="floyo",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="floyo",
        MasterUserPassword="correct-horse",
    )
    return "floyo"


def _database_subnets(lab: Lab, region: str) -> str:
    return lab.create("aws:rds/subnetGroup:SubnetGroup", subnetIds=_subnets(lab, region), region=region).id


def _database_proxy(lab: Lab, region: str) -> str:
    login = '{"username":"floyo","password":"correct-horse"}'
    secret = lab.client("secretsmanager", region).create_secret(Name="pool", SecretString=login)["ARN"]
    role = lab.create("aws:iam/role:Role", assumeRolePolicy=_TRUST).outputs["arn"]
    auths = [{"authScheme": "SECRETS", "iamAuth": "DISABLED", "secretArn": secret}]
    lab.create(
        "aws:rds/proxy:Proxy",
        name="floyo",
        engineFamily="POSTGRESQL",
        roleArn=role,
        vpcSubnetIds=_subnets(lab, region),
        auths=auths,
        region=region,
    )
    return "floyo"


def _trust_store(lab: Lab, region: str) -> str:
    lab.create("aws:s3/bucket:Bucket", bucket="trust", region=region)
    lab.create("aws:s3/bucketObjectv2:BucketObjectv2", bucket="trust", key="ca.pem", content=_BUNDLE, region=region)
    place = {"caCertificatesBundleS3Bucket": "trust", "caCertificatesBundleS3Key": "ca.pem"}
    return lab.create("aws:lb/trustStore:TrustStore", region=region, **place).id


def _peering(lab: Lab, region: str) -> str:
    ends = {"vpcId": _vpc(lab, region)}
    ends["peerVpcId"] = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16", region=region).id
    return lab.create("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", region=region, **ends).id


#: Kind of `data/references.yaml` to what makes one.
MAKERS: dict[str, Callable[[Lab, str], str]] = {
    "cache-parameter-group": _of("aws:elasticache/parameterGroup:ParameterGroup", family="valkey8", parameters=[]),
    "cache-subnet-group": lambda lab, region: (
        lab.create("aws:elasticache/subnetGroup:SubnetGroup", subnetIds=_subnets(lab, region), region=region).id
    ),
    "certificate": _certificate,
    "cloud-map-service": _cloud_map_service,
    "db-instance": _database,
    "db-parameter-group": _of("aws:rds/parameterGroup:ParameterGroup", family="postgres17", parameters=[]),
    "db-proxy": _database_proxy,
    "db-subnet-group": _database_subnets,
    "domain-name": _domain_name,
    "elastic-ip": _of("aws:ec2/eip:Eip", domain="vpc"),
    "kms-key": _of("aws:kms/key:Key", "arn"),
    "listener": _listener,
    "load-balancer": _load_balancer,
    "namespace": _namespace,
    "nat-gateway": _nat_gateway,
    "peering-connection": _peering,
    "prefix-list": _prefix_list,
    "route-table": _in_vpc("aws:ec2/routeTable:RouteTable"),
    "secret": _of("aws:secretsmanager/secret:Secret", name="floyo"),
    "security-group": _in_vpc("aws:ec2/securityGroup:SecurityGroup"),
    "subnet": _subnet,
    "target-group": _target_group,
    "trust-store": _trust_store,
    "vpc": _vpc,
    "vpc-link": _vpc_link,
    "web-acl": _web_acl,
}
