"""moto in this process: boto3 clients whose requests are answered by moto's backends without a network.

Dispatching a request inside the process takes 3-5 ms where HTTP would take 15. The HTTP endpoint of
`ascend.cloud.server` uses the same backends, so what a provider creates is there for any AWS client, and the other way
round.

Importing this module imports boto3 and moto: planning must not.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from moto.core.botocore_stubber import BotocoreStubber

from ascend.cloud.aws import moto_overrides
from ascend.cloud.fault_points import answer_in_process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

#: moto's own default, which also appears in every ARN.
ACCOUNT_ID = "123456789012"

#: How often a request is made at most. The official provider's own default is 25 (its setting ``max_retries``), which a
#: person who waits for a local cloud would take for a standstill.
_ATTEMPTS = 6

#: Held while moto answers, in-process or over HTTP: its backends are plain dictionaries without locks.
LOCK = threading.RLock()


class Moto:
    """Clients for the in-process backends, one per service and region, made when first used."""

    def __init__(self) -> None:
        moto_overrides.install()
        core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        stubber = BotocoreStubber()
        stubber.enabled = True

        def answer(event_name: str, request: AWSPreparedRequest, **_more: Any) -> Any:
            # Not held while a client waits between two attempts.
            with LOCK:
                return answer_in_process(event_name, request) or stubber(event_name, request)

        core.register("before-send", answer)  # type: ignore[arg-type]  # the stubs know no handler that answers
        self._session = boto3.Session(
            aws_access_key_id="embedded",
            aws_secret_access_key="embedded",  # noqa: S106 -- there is no account behind it
            botocore_session=core,
            region_name="us-east-1",
        )
        self._config = Config(  # type: ignore[call-arg]  # the stubs lag behind
            # As the official provider's client: throttling and errors of the server are tried again, after a time that
            # doubles and is random.
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "path"},
        )
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of a service in a region."""
        key = (service, region)
        client = self._clients.get(key)
        if client is None:
            with LOCK:
                client = self._clients.get(key)
                if client is None:
                    client = self._session.client(service, region_name=region, config=self._config)  # type: ignore[call-overload]
                    self._clients[key] = client
        return client

    def warm(self, reads: Mapping[str, str], region: str) -> None:
        """Load services ahead of their first use by asking each something: EC2 alone takes moto a second.

        Args:
            reads: boto3 service to a method that changes nothing.
            region: where.
        """
        for service, method in reads.items():
            getattr(self.client(service, region), method)()


def reset() -> None:
    """Forget everything in every backend (tests)."""
    from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 -- tests only

    with LOCK:
        moto_api_backend.reset()
