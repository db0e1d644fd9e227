"""Names and addresses as a visitor and a task find them: by the real network, or by the embedded cloud's data plane."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote, urlsplit

from ascend.live.aws import AwsError

if TYPE_CHECKING:
    from ascend.cloud.process import CloudInfo
    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed

_NAMESPACE: Final = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
_TIMEOUT_S: Final = 15
_HEADERS: Final = {"User-Agent": "ascend", "Cache-Control": "no-cache"}


class Network(Protocol):
    """What can be asked."""

    def ask(self, url: str) -> tuple[int, str]:
        """The status that an address answers with, and what is to be said of it; 0 where there is no answer."""
        ...

    def resolves(self, host: str) -> bool:
        """Whether a name leads anywhere."""
        ...


@dataclass(frozen=True)
class RealNetwork:
    """The network that this command runs in. Names that only the stack's own network knows are asked of Cloud Map.

    Attributes:
        clients: who answers.
        deployed: the stack.
    """

    clients: Clients
    deployed: Deployed

    def ask(self, url: str) -> tuple[int, str]:
        """By a GET that no cache answers."""
        if not url.startswith("https://"):
            return 0, "not an https:// address"
        try:
            request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310 -- https, as checked
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- as above
                return int(answer.status), ""
        except urllib.error.HTTPError as error:
            return error.code, str(error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return 0, " ".join(str(error).split())

    def resolves(self, host: str) -> bool:
        """By Cloud Map where the name is in a namespace of the stack's, else by DNS."""
        for space in self.deployed.of_type(_NAMESPACE):
            name = space.text("name")
            if name and host.endswith(f".{name}"):
                return self._registered(host.removesuffix(f".{name}"), name, space.region)
        try:
            return bool(socket.getaddrinfo(host, None))
        except OSError:
            return False

    def _registered(self, service: str, namespace: str, region: str) -> bool:
        try:
            answer = self.clients.call(
                "servicediscovery", region, "discover_instances", NamespaceName=namespace, ServiceName=service
            )
        except AwsError as error:
            if error.code in {"ServiceNotFound", "NamespaceNotFound"}:
                return False
            raise
        return bool(answer["Instances"])


@dataclass(frozen=True)
class EmbeddedNetwork:
    """The data plane of an embedded cloud (`ascend.cloud.dataplane`).

    Attributes:
        cloud: the cloud.
    """

    cloud: CloudInfo

    def ask(self, url: str) -> tuple[int, str]:
        """At the cloud's own port, in the name's stead."""
        parts = urlsplit(url)
        path = parts.path or "/"
        return self._get(f"{path}?{parts.query}" if parts.query else path, parts.hostname or "")

    def resolves(self, host: str) -> bool:
        """By the data plane's own table."""
        status, text = self._get(f"/_ascend/resolve?host={quote(host)}", "")
        return status == http.client.OK and bool(json.loads(text).get("leads_to"))

    def _get(self, path: str, host: str) -> tuple[int, str]:
        where = urlsplit(self.cloud.aws_endpoint)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", path, headers={**_HEADERS, **({"Host": host} if host else {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, " ".join(str(error).split())
        finally:
            connection.close()


def network(clients: Clients, deployed: Deployed) -> Network:
    """The network that a stack is reached by.

    Args:
        clients: who answers for its cloud.
        deployed: the stack.
    """
    return RealNetwork(clients, deployed) if clients.embedded is None else EmbeddedNetwork(clients.embedded)
