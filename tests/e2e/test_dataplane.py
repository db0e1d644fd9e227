"""What a visitor of the embedded cloud is answered: by a task that is registered, and by nobody where none is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from ascend.cloud.process import status
from ascend.live.network import EmbeddedNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.project import Project


@pytest.fixture(scope="module")
def net(deployed: tuple[Project, dict[str, Any]]) -> EmbeddedNetwork:
    cloud = status(deployed[0].root)
    assert cloud is not None
    return EmbeddedNetwork(cloud)


@pytest.fixture(scope="module")
def outputs(deployed: tuple[Project, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = deployed[1]["outputs"]
    return found


def test_each_service_answers_under_its_own_paths(net: EmbeddedNetwork, outputs: dict[str, Any]) -> None:
    answers = {path: net.ask(f"{outputs['url']}{path}") for path in ("/", "/healthz", "/api", "/api/health")}
    assert {status for status, _ in answers.values()} == {200}
    ports = {path: said.split(" in ")[0].rpartition(":")[2] for path, (_, said) in answers.items()}
    assert ports == {"/": "3000", "/healthz": "3000", "/api": "8000", "/api/health": "8000"}


def test_without_a_registered_task_nobody_answers(
    net: EmbeddedNetwork, outputs: dict[str, Any], aws: Callable[..., Any]
) -> None:
    discovery = aws("servicediscovery")
    (service,) = [one for one in discovery.list_services()["Services"] if one["Name"] == outputs["services"]["api"]]
    (instance,) = discovery.list_instances(ServiceId=service["Id"])["Instances"]
    discovery.deregister_instance(ServiceId=service["Id"], InstanceId=instance["Id"])
    try:
        assert net.ask(f"{outputs['url']}/api/health") == (503, "no healthy task is registered")
        assert net.ask(f"{outputs['url']}/")[0] == 200
    finally:
        discovery.register_instance(
            ServiceId=service["Id"], InstanceId=instance["Id"], Attributes=instance["Attributes"]
        )
    assert net.ask(f"{outputs['url']}/api/health")[0] == 200


def test_names_of_databases_lead_somewhere_and_others_nowhere(
    net: EmbeddedNetwork, outputs: dict[str, Any], aws: Callable[..., Any]
) -> None:
    value = json.loads(aws("secretsmanager").get_secret_value(SecretId=outputs["databaseSecretArn"])["SecretString"])
    assert net.resolves(value["host"])
    assert net.resolves(str(urlsplit(value["readUrl"]).hostname))
    assert net.resolves(str(urlsplit(outputs["url"]).hostname))
    assert not net.resolves(f"other-{value['host']}")
    assert net.ask(f"https://{value['host']}/") == (404, f"{value['host']}: a database does not answer HTTP")


def test_what_is_no_deployed_name_is_left_to_the_emulated_aws(net: EmbeddedNetwork, aws: Callable[..., Any]) -> None:
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
    assert net.ask("https://s3.amazonaws.com/")[0] != 503
