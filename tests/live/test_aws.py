"""Clients: what they try again, and what they make of failures."""

from __future__ import annotations

import http.server
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore import exceptions
from botocore.retries.standard import ExponentialBackoff, RetryContext

from ascend.cloud.process import CloudInfo
from ascend.engine.model import Target
from ascend.errors import InputError
from ascend.live import aws
from ascend.live.aws import AwsError, Clients, DeniedError, UnreachableError
from ascend.session import Session
from ascend.status import command as status_command
from tests.cli.fakes import FakeEngine
from tests.live.clouds import deployed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHO = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


def refusal(code: str, message: str = "no") -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@contextmanager
def answering(*answers: tuple[int, str]) -> Iterator[tuple[Clients, list[str]]]:
    """Clients of a server that gives these answers in turn, the last one from then on; and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Clients(CloudInfo(1, f"http://127.0.0.1:{server.server_port}")), asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts are none, so that tests take no time."""
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _seconds: None, raising=False)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)


@pytest.mark.parametrize(
    "bad",
    [(503, refusal("ServiceUnavailable")), (400, refusal("Throttling")), (500, refusal("InternalFailure"))],
    ids=["503", "throttled", "500"],
)
def test_a_burst_of_failures_is_tried_again(impatient: None, bad: tuple[int, str]) -> None:
    with answering(bad, bad, bad, (200, WHO)) as (clients, asked):
        assert clients.account("us-east-1") == "123456789012"
    assert len(asked) == 4


def test_it_waits_longer_each_time_and_by_chance() -> None:
    def waits() -> list[float]:
        delay = ExponentialBackoff().delay_amount
        return [delay(RetryContext(attempt_number=number)) for number in range(1, aws.ATTEMPTS)]

    samples = [waits() for _ in range(50)]
    for number in range(aws.ATTEMPTS - 1):
        column = [one[number] for one in samples]
        assert max(column) <= min(2**number, 20)
        assert len(set(column)) > 40, "the waits of many clients must not meet"


def test_it_gives_up_in_one_line(impatient: None) -> None:
    with (
        answering((503, refusal("ServiceUnavailable", "try\nlater"))) as (clients, asked),
        pytest.raises(AwsError) as error,
    ):
        clients.account("eu-west-1")
    assert len(asked) == aws.ATTEMPTS
    assert str(error.value) == "sts get_caller_identity in eu-west-1 failed (ServiceUnavailable: try later)"
    assert error.value.code == "ServiceUnavailable"
    assert error.value.exit_code == 2


def test_what_is_refused_is_not_tried_again() -> None:
    with answering((403, refusal("AccessDenied", "not you"))) as (clients, asked), pytest.raises(DeniedError) as error:
        clients.account("us-east-1")
    assert len(asked) == 1
    assert "sts get_caller_identity in us-east-1 is not allowed to these credentials (AccessDenied: not you)" in str(
        error.value
    )


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_are_of_no_use(code: str) -> None:
    with answering((403, refusal(code))) as (clients, _), pytest.raises(AwsError, match="aws sso login") as error:
        clients.account("us-east-1")
    assert not isinstance(error.value, DeniedError | UnreachableError)


def test_nobody_answers(impatient: None) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        clients = Clients(CloudInfo(1, f"http://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(UnreachableError, match="sts get_caller_identity in us-east-1: no answer"):
            clients.account("us-east-1")


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoCredentialsError(),
        exceptions.ProfileNotFound(profile="x"),
        exceptions.UnauthorizedSSOTokenError(),
        exceptions.PartialCredentialsError(provider="env", cred_var="key"),
    ],
)
def test_no_credentials_at_all(error: Exception) -> None:
    said = aws.explained(error, "sts", "us-east-1", "get_caller_identity")
    assert isinstance(said, AwsError)
    assert str(said).startswith("no usable AWS credentials")
    assert "--embedded" in str(said)
    assert "\n" not in str(said)


def test_a_mistake_of_ours_stays_one() -> None:
    mistake = KeyError("x")
    assert aws.explained(mistake, "sts", "us-east-1", "x") is mistake


def test_a_profile_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:profile: nobody\n")
    session = Session(FakeEngine(), Target(tmp_path, "dev"), embedded=False, json=False)
    with pytest.raises(InputError, match=r"nobody.*aws sso login"):
        Clients.of(session).client("sts", "us-east-1")


@pytest.mark.parametrize("text", ["config: [", "- a"])
def test_a_stack_file_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    session = Session(FakeEngine(), Target(tmp_path, "dev"), embedded=False, json=False)
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml: cannot be read"):
        Clients.of(session)


def test_an_embedded_cloud_that_does_not_run(tmp_path: Path) -> None:
    session = Session(FakeEngine(), Target(tmp_path, "dev"), embedded=True, json=False)
    with pytest.raises(InputError, match="ascend up dev --embedded"):
        Clients.of(session)


def test_credentials_of_another_account() -> None:
    with answering((200, WHO)) as (clients, _):
        clients.check_account("123456789012", "us-east-1", "dev")
        with pytest.raises(InputError, match=r"dev is in account 9{12}, and .* account 123456789012;"):
            clients.check_account("999999999999", "us-east-1", "dev")


def test_the_user_s_own_settings_do_not_reach_the_embedded_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with answering((200, WHO)) as (clients, _):
        assert clients.account("us-east-1") == "123456789012"


class Regions:
    """Clients of an AWS of which some regions are down."""

    def __init__(self, *down: str) -> None:
        self.down = down
        self.asked: list[str] = []

    def check_account(self, account: str, region: str, stack: str) -> None:
        self.asked.append(region)
        if region in self.down:
            raise UnreachableError(f"{region}: no answer")


@pytest.mark.parametrize(("down", "asked"), [((), ["eu-west-1"]), (("eu-west-1",), ["eu-west-1", "us-east-1"])])
def test_a_region_that_is_down_does_not_hide_the_others(down: tuple[str, ...], asked: list[str]) -> None:
    clients: Any = Regions(*down)
    status_command._check_account(clients, deployed(regions=["us-east-1", "eu-west-1"], primary="eu-west-1"))
    assert clients.asked == asked


@pytest.mark.parametrize("regions", [["us-east-1"], ["us-east-1", "eu-west-1"]])
def test_all_regions_are_down(regions: list[str]) -> None:
    clients: Any = Regions(*regions)
    with pytest.raises(UnreachableError, match=f"{regions[-1]}: no answer"):
        status_command._check_account(clients, deployed(regions=regions, primary="us-east-1"))
    assert clients.asked == regions
