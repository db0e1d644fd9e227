"""The providers in the caller's process, for plans: they check, compare and answer functions, and hold no objects.

Neither boto3 nor moto is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.cloudflare import CloudflareProvider
from ascend.cloud.random_provider import RandomProvider
from ascend.cloud.servicer import ProviderServicer

if TYPE_CHECKING:
    from collections.abc import Mapping


def providers() -> Mapping[str, ProviderServicer]:
    """A servicer per package, new ones at each call: a provider resource takes those of its own configuration."""
    return {
        provider.name: ProviderServicer(provider)
        for provider in (AwsProvider(), CloudflareProvider(), RandomProvider())
    }
