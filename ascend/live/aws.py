"""What promotion asks AWS, or the embedded cloud, itself: clients that try again, and failures in one line.

Slow to import are boto3 and botocore, so both are imported by the first client.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.cloud import process
from ascend.errors import InputError
from ascend.target import stack_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ascend.cloud.process import CloudInfo
    from ascend.session import Session

#: Services that AWS has in one place, and which.
#: https://docs.aws.amazon.com/general/latest/gr/billing.html, read 2026-11-21
HOMES: Final = {"budgets": "us-east-1", "ce": "us-east-1", "iam": "us-east-1"}
#: Attempts at one call, the first one too. In standard mode they wait longer each time, by chance, 20 s at most:
#: https://docs.aws.amazon.com/boto3/latest/guide/retries.html, read 2026-11-21
ATTEMPTS: Final = 6
#: Seconds until a region counts as one that does not answer.
CONNECT_S: Final = 5
_READ_S: Final = 30
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "UnauthorizedException"}
)
_BAD_CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_LOG_IN: Final = "log in (aws sso login, or set AWS_PROFILE), or use --embedded"


class AwsError(InputError):
    """AWS did not do what it was asked.

    Attributes:
        code: AWS's own name of the error, such as ``DBInstanceNotFound``; empty where no answer came.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class DeniedError(AwsError):
    """The credentials are good, and may not do this."""


class UnreachableError(AwsError):
    """No answer came: the network, or the region, is down."""


class Clients:
    """Clients of AWS, one per service and region, made when first used. Safe to use from several threads.

    Args:
        embedded: the embedded cloud; None for AWS, with the credentials of the environment.
        profile: the profile of AWS's own files that the stack's provider uses (``aws:profile``); None for the
            environment's.
    """

    def __init__(self, embedded: CloudInfo | None = None, profile: str | None = None) -> None:
        self.embedded = embedded
        self._profile = profile
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, session: Session) -> Clients:
        """Those of a command: of the embedded cloud, or of AWS with the credentials that the stack's provider uses.

        Raises:
            InputError: the embedded cloud does not run, or the stack's file cannot be read.
        """
        target = session.target
        if not session.embedded:
            return cls(profile=_profile(target.root, target.stack))
        info = process.status(target.root)
        if info is None:
            raise InputError(
                f"no embedded cloud runs for {target.root}, so that nothing is deployed there; "
                f"deploy: ascend up {target.stack} --embedded"
            )
        return cls(info)

    def client(self, service: str, region: str) -> Any:
        """The boto3 client of a service in a region. What it raises is botocore's; `call` raises one line.

        Args:
            service: boto3's name of it.
            region: where; of no meaning for a service that AWS has in one place.

        Raises:
            InputError: the environment's AWS configuration cannot be used.
        """
        key = (service, HOMES.get(service, region))
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(*key)
            return self._clients[key]

    def call(self, service: str, region: str, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer to one call.

        Args:
            service: boto3's name of the service.
            region: where.
            method: boto3's name of the call, ``describe_db_instances``.
            arguments: of the call.

        Raises:
            AwsError: it failed; `DeniedError`, `UnreachableError` where that is why.
        """
        client = self.client(service, region)
        try:
            answer: dict[str, Any] = getattr(client, method)(**arguments)
        except Exception as error:
            raise explained(error, service, HOMES.get(service, region), method) from error
        return answer

    def pages(self, service: str, region: str, method: str, key: str, **arguments: Any) -> Iterator[Any]:
        """The items under `key` of every page of an answer.

        Raises:
            AwsError: as `call`.
        """
        client = self.client(service, region)
        try:
            for page in client.get_paginator(method).paginate(**arguments):
                yield from page.get(key) or ()
        except Exception as error:
            raise explained(error, service, HOMES.get(service, region), method) from error

    def account(self, region: str) -> str:
        """The account that the credentials are of.

        Raises:
            AwsError: as `call`.
        """
        return str(self.call("sts", region, "get_caller_identity")["Account"])

    def check_account(self, account: str, region: str, stack: str) -> None:
        """Refuses credentials of another account than the stack's, where nothing of it would be found.

        Args:
            account: the account that the stack is in.
            region: one of its regions.
            stack: its name.

        Raises:
            InputError: they are of another.
        """
        own = self.account(region)
        if account and own != account:
            raise InputError(
                f"{stack} is in account {account}, and these credentials are of account {own}; "
                "set AWS_PROFILE to those that the stack was deployed with"
            )

    def _made(self, service: str, region: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 -- slow to import
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 -- as above

        retries: dict[str, Any] = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        more: dict[str, Any] = {}
        settings: dict[str, Any] = {"retries": retries, "connect_timeout": CONNECT_S, "read_timeout": _READ_S}
        if self.embedded is not None:
            settings |= {"proxies": {}, "s3": {"addressing_style": "path"}}
            more = {"endpoint_url": self.embedded.aws_endpoint}
        try:
            return self._opened().client(service, region_name=region, config=Config(**settings), **more)
        except (BotoCoreError, ValueError) as error:
            raise explained(error, service, region, "") from error

    def _opened(self) -> Any:
        if self._session is None:
            import boto3  # noqa: PLC0415 -- slow to import
            import botocore.session  # noqa: PLC0415 -- as above

            if self.embedded is None:
                self._session = boto3.Session(profile_name=self._profile)
            else:
                # The user's own profile and files are for a real account: they are not even read.
                ignored = dict.fromkeys(
                    ("profile", "config_file", "credentials_file", "ca_bundle"), (None, None, None, None)
                )
                self._session = boto3.Session(
                    aws_access_key_id="embedded",
                    aws_secret_access_key="embedded",  # noqa: S106 -- there is no account behind it
                    botocore_session=botocore.session.Session(session_vars=ignored),
                )
        return self._session


def _profile(root: Path, stack: str) -> str | None:
    """The provider's profile, where the stack's file names one."""
    file = stack_file(root, stack)
    if not file.is_file():
        return None
    try:
        config = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("config") or {}
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise InputError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error
    profile = config.get("aws:profile")
    return profile if isinstance(profile, str) else None


def explained(error: Exception, service: str, region: str, method: str) -> Exception:
    """What a failure of botocore means, in one line; any other error as it is.

    Args:
        error: what was raised.
        service: boto3's name of the service.
        region: where.
        method: the call.
    """
    from botocore import exceptions  # noqa: PLC0415 -- slow to import

    asked = f"{service} {method} in {region}".replace("  ", " ")
    text = " ".join(str(error).split())
    match error:
        case exceptions.ClientError():
            return _answered(dict(error.response.get("Error") or {}), asked)
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.ProfileNotFound()
            | exceptions.SSOError()
            | exceptions.TokenRetrievalError()
        ):
            return AwsError(f"no usable AWS credentials ({text}); {_LOG_IN}")
        case exceptions.HTTPClientError() | exceptions.EndpointConnectionError():
            return UnreachableError(f"{asked}: no answer ({text}); check the network and AWS's health page, try again")
        case exceptions.BotoCoreError():
            return AwsError(f"{asked}: {text}")
    return error


def _answered(error: dict[str, Any], asked: str) -> AwsError:
    code, text = str(error.get("Code") or ""), " ".join(str(error.get("Message") or "").split())
    said = f"{code}: {text}" if text else code
    if code in _BAD_CREDENTIALS:
        return AwsError(f"AWS does not take these credentials ({said}); {_LOG_IN}", code)
    if code in _DENIED:
        return DeniedError(f"{asked} is not allowed to these credentials ({said}); have it allowed to them", code)
    return AwsError(f"{asked} failed ({said})", code)
