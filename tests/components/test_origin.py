"""The HTTP API under the stack's own name, which answers Cloudflare only."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from components import facts
from components.origin import Origin, OriginArgs
from tests.components.recorder import HOST
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = OriginArgs(
    scope=SCOPE, domain="app.floyo.example", certificate_arn="arn:aws:acm:c", api_id="a1", stage="$default"
)


def made(run: Run) -> Registered:
    return run(lambda: Origin("origin", ARGS))


def test_the_name_takes_tls_from_cloudflare_only(run: Run) -> None:
    result = made(run)
    domain = result.one("DomainName").inputs
    assert domain["domainName"] == "app.floyo.example"
    assert domain["domainNameConfiguration"] == {
        "certificateArn": "arn:aws:acm:c",
        "endpointType": "REGIONAL",
        "securityPolicy": "TLS_1_2",
    }
    bucket = result.one("s3/bucket:Bucket")
    trust = result.one("BucketObjectv2").inputs
    assert domain["mutualTlsAuthentication"] == {
        "truststoreUri": f"s3://{bucket.name}-0a1b2c3/{trust['key']}",
        "truststoreVersion": "v-1",
    }
    assert trust["content"] == facts.load("cloudflare")["origin_pull_ca"]


def test_what_is_trusted_is_cloudflares_authority_and_it_has_not_run_out() -> None:
    context = ssl.create_default_context(cadata=facts.load("cloudflare")["origin_pull_ca"])
    found = [one for one in context.get_ca_certs() if "origin-pull.cloudflare.net" in str(one["subject"])]
    assert len(found) == 1
    assert found[0]["subject"] == found[0]["issuer"]
    ends = datetime.strptime(str(found[0]["notAfter"]), "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    # Half a year before the end the successor has to stand beside it.
    assert (ends - datetime.now(UTC)).days > 180


def test_the_truststore_is_closed_and_versioned_and_may_go(run: Run) -> None:
    result = made(run)
    block = result.one("BucketPublicAccessBlock").inputs
    assert all(block[name] for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"))
    assert block["restrictPublicBuckets"]
    assert result.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert set(result.one("BucketPolicy").policy()) == {"DenyPlainTransport"}
    assert not any(one.protect for one in result.resources)
    trust = result.one("BucketObjectv2")
    assert result.one("BucketVersioning").urn in trust.depends_on
    assert trust.inputs["serverSideEncryption"] == "AES256"


def test_the_api_answers_under_the_name(run: Run) -> None:
    result = made(run)
    mapping = result.one("ApiMapping").inputs
    assert (mapping["apiId"], mapping["domainName"], mapping["stage"]) == ("a1", "app.floyo.example", "$default")
    assert result.outputs[result.one("ascend:components:Origin").urn] == {"host": HOST}
