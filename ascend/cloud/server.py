"""The embedded cloud's process: a gRPC server per provider and moto's HTTP endpoint, all on 127.0.0.1.

``python -m ascend.cloud.server --root DIR`` is started by `ascend.cloud.process` and by nothing else. It announces
itself in ``DIR/.ascend/cloud.json`` once everything listens, and ends on SIGTERM, or when that file no longer speaks of
it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from ascend.cloud import process
from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.cloudflare import CloudflareProvider
from ascend.cloud.dataplane import DataPlane
from ascend.cloud.fault_points import FaultyEndpoint, FaultyServicer
from ascend.cloud.random_provider import RandomProvider
from ascend.garbage import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ascend.cloud.aws.moto import Moto

LOG = logging.getLogger(__name__)

HOST = "127.0.0.1"
_THREADS = 16
_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),  # as the CLI's own limit
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
)
#: Services that every stack uses, the slowest to load first, and a call that changes nothing: they are loaded while the
#: program still imports its SDK.
_WARM = {
    "ec2": "describe_vpcs",
    "iam": "list_roles",
    "s3": "list_buckets",
    "kms": "list_keys",
    "rds": "describe_db_instances",
    "ecs": "list_clusters",
    "secretsmanager": "list_secrets",
    "logs": "describe_log_groups",
    "cloudwatch": "describe_alarms",
    "sns": "list_topics",
    "apigatewayv2": "get_apis",
    "servicediscovery": "list_services",
}
_WATCH_S = 2.0


def servicers() -> dict[str, FaultyServicer]:
    """The providers of a cloud, by plugin name."""
    return {
        provider.name: FaultyServicer(provider)
        for provider in (AwsProvider(lazy_moto), CloudflareProvider(), RandomProvider())
    }


_moto_lock = threading.Lock()
_moto: list[Moto] = []


def lazy_moto() -> Moto:
    """The one moto of this process, loaded when first asked for: importing it takes 0.3 s."""
    with _moto_lock:
        if not _moto:
            from ascend.cloud.aws.moto import Moto  # noqa: PLC0415 -- the reason is above

            _moto.append(Moto())
        return _moto[0]


class _Http:
    """moto's WSGI application, built at the first request; one request at a time, as in-process calls are.

    What asks for a host name that was deployed is answered by the data plane.

    Args:
        plane: the data plane.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._application: Any = None
        self._plane = plane

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        from ascend.cloud.aws.moto import LOCK  # noqa: PLC0415 -- loads moto

        lazy_moto()
        with LOCK:
            if self._application is None:
                self._application = self._build()
            try:
                if (answer := self._plane.respond(environ, start_response)) is not None:
                    return answer
                return list(self._application(environ, start_response))
            except NotImplementedError as error:
                return self._refuse(start_response, "501 Not Implemented", f"not emulated: {error}")
            except Exception as error:
                LOG.exception("%s %s failed inside moto", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
                return self._refuse(start_response, "501 Not Implemented", f"{type(error).__name__}: {error}")

    @staticmethod
    def _build() -> Any:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 -- loads flask
            DomainDispatcherApplication,
            create_backend_app,
        )

        def create(service: Any) -> Any:
            application = create_backend_app(service)
            # Otherwise a call that moto lacks is answered by a page of HTML.
            application.config["PROPAGATE_EXCEPTIONS"] = True
            return application

        return DomainDispatcherApplication(create)

    @staticmethod
    def _refuse(start_response: Callable[..., Any], status: str, message: str) -> list[bytes]:
        body = json.dumps({"__type": "NotImplemented", "message": message}).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


@dataclass(slots=True)
class Running:
    """Servers that listen.

    Attributes:
        ports: provider name to port.
        aws_port: port of the AWS endpoint, 0 for none.
    """

    ports: dict[str, int]
    aws_port: int = 0
    _servers: list[grpc.Server] = field(default_factory=list)
    _http: Any = None

    def stop(self) -> None:
        """Refuse new calls, let those under way finish for a second, end."""
        for stopped in [server.stop(grace=1.0) for server in self._servers]:
            stopped.wait()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()


def serve(providers: Mapping[str, provider_pb2_grpc.ResourceProviderServicer], *, endpoint: bool = True) -> Running:
    """Listen for the given providers, each on a port of its own.

    Args:
        providers: servicers by plugin name. A test may wrap one to inject faults.
        endpoint: whether to serve moto's HTTP endpoint too.
    """
    running = Running({})
    for name, servicer in providers.items():
        server = grpc.server(futures.ThreadPoolExecutor(_THREADS, thread_name_prefix=name), options=_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        running.ports[name] = server.add_insecure_port(f"{HOST}:0")
        server.start()
        running._servers.append(server)  # noqa: SLF001 -- its own maker
    if endpoint:
        from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415 -- not needed by tests without it

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_request(self, *_args: Any) -> None:
                """Requests are not logged: they may carry secrets."""

        application = FaultyEndpoint(_Http(_plane(providers)))
        http = make_server(HOST, 0, application, threaded=True, request_handler=Quiet)
        running._http = http  # noqa: SLF001
        running.aws_port = http.server_port
        threading.Thread(target=http.serve_forever, name="aws-endpoint", daemon=True).start()
    return running


def _plane(providers: Mapping[str, Any]) -> DataPlane:
    """The data plane of a cloud: what is at the edge lives in its provider."""
    edge = getattr(providers.get(CloudflareProvider.name), "provider", None)
    return DataPlane(edge.of_type if isinstance(edge, CloudflareProvider) else lambda _token: [])


def _scrub() -> None:
    """Keep the user's AWS settings out: nothing here may reach a real account or wait for a metadata service."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def _warm(region: str) -> None:
    try:
        lazy_moto().warm(_WARM, region)
    except Exception:
        LOG.exception("warming up failed; services load when first used")


def main(argv: list[str] | None = None) -> int:
    """Run the cloud until it is told to end."""
    parser = argparse.ArgumentParser(prog="ascend.cloud.server")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--ready-fd", type=int, required=True)
    parser.add_argument("--lock-fd", type=int, required=True)
    parser.add_argument("--region", default=process.REGION)
    options = parser.parse_args(argv)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    collect_rarely()
    _scrub()
    files = process.Files(options.root)
    alive = files.claim()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the command there
    running = serve(servicers())
    info = process.CloudInfo(
        pid=os.getpid(),
        aws_endpoint=f"http://{HOST}:{running.aws_port}",
        providers=running.ports,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        account_id="123456789012",
    )
    files.write(info)
    with os.fdopen(options.ready_fd, "w") as ready:
        ready.write("ready\n")
    os.close(options.lock_fd)
    threading.Thread(target=_warm, args=(options.region,), name="warm-up", daemon=True).start()
    while not over.wait(_WATCH_S):
        if files.read() != info:
            LOG.warning("%s is not about this process any more: ending", files.description)
            break
    running.stop()
    alive.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
