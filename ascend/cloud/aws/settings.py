"""The settings of the aws provider itself (``aws:…`` in a stack's config). The official one refuses any other."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Those of pulumi-aws 7.51 (pulumi_aws/config/vars.py, read 2026-11-21; a test compares).
KEYS = frozenset(
    {
        "accessKey", "allowedAccountIds", "assumeRoleWithWebIdentity", "assumeRoles", "customCaBundle",
        "defaultTags", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "endpoints",
        "forbiddenAccountIds", "httpProxy", "httpsProxy", "ignoreTags", "insecure", "maxRetries", "noProxy",
        "profile", "region", "retryMode", "s3UsEast1RegionalEndpoint", "s3UsePathStyle", "secretKey",
        "sharedConfigFiles", "sharedCredentialsFiles", "skipCredentialsValidation", "skipMetadataApiCheck",
        "skipRegionValidation", "skipRequestingAccountId", "stsRegion", "tagPolicyCompliance", "token",
        "tokenBucketRateLimiterCapacity", "useDualstackEndpoint", "useFipsEndpoint", "userAgents",
    }
)  # fmt: skip
#: What the engine itself reads from a provider's config.
_ENGINE = frozenset({"version", "pluginDownloadURL"})


def unknown(names: Iterable[str]) -> list[Failure]:
    """A failure for each setting that the provider does not have."""
    failures = []
    for name in sorted(set(names) - KEYS - _ENGINE):
        if name.startswith("__"):
            continue
        near = difflib.get_close_matches(name, KEYS, n=1)
        hint = f"did you mean aws:{near[0]}?" if near else f"there are {', '.join(sorted(KEYS))}"
        failures.append(Failure(name, f"is no setting of the aws provider (aws:{name} in a stack's config); {hint}"))
    return failures
