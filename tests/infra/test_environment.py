"""The environment contract: the same names whatever the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.environment import DATABASES, QUEUES, environment, metrics_namespace, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.infra.support import Plan


def told(
    plan: Plan, service: str = "api", queues: tuple[str, ...] = (), buckets: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    deployment = plan()
    return environment(
        deployment,
        deployment.services[service],
        cdn_url="https://cdn",
        queue_urls={name: f"https://sqs/{name}" for name in queues},
        bucket_names={name: f"{name}-0a1b2c3" for name in buckets},
    )


def test_what_every_container_is_told(plan: Plan) -> None:
    assert {
        "ENVIRONMENT": "dev",
        "CDN_URL": "https://cdn",
        "PORT": "8000",
        "KEEP_ALIVE_TIMEOUT_S": "65",
        "DB_POOL_IDLE_TIMEOUT_S": "30",
        "DB_POOL_CONNECT_TIMEOUT_S": "10",
        "DB_POOL_STATEMENT_TIMEOUT_S": "30",
        "CACHE_TTL_API_RESPONSE_S": "60",
        "CACHE_TTL_QUERY_S": "300",
    }.items() <= told(plan).items()


def test_every_value_is_text(plan: Plan) -> None:
    assert all(isinstance(value, str) for value in told(plan, queues=("jobs",), buckets=("files",)).values())


def test_buckets_and_queues_by_name(plan: Plan) -> None:
    values = told(plan, queues=("jobs", "mail-out"), buckets=("files",))
    assert values["QUEUE_URL_JOBS"] == "https://sqs/jobs"
    assert values["QUEUE_URL_MAIL_OUT"] == "https://sqs/mail-out"
    assert values["BUCKET_FILES"] == "files-0a1b2c3"


def test_the_queue_is_the_only_one_there_is_or_the_one_it_works_on(plan: Plan) -> None:
    assert told(plan, queues=("jobs",))["QUEUE_URL"] == "https://sqs/jobs"
    assert "QUEUE_URL" not in told(plan, queues=("jobs", "mail"))
    assert "QUEUE_URL" not in told(plan)


def test_rate_limits_by_tier(floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan) -> None:
    floyo["rate_limits"] = {"chat-messages": {"period_s": 60, "per_tier": {"free": 20, "pro": 100}}}
    write(floyo)
    values = told(plan)
    assert values["RATE_LIMIT_CHAT_MESSAGES_PERIOD_S"] == "60"
    assert values["RATE_LIMIT_CHAT_MESSAGES_FREE"] == "20"
    assert values["RATE_LIMIT_CHAT_MESSAGES_PRO"] == "100"


def test_a_systems_own_variables_stand_beside_the_contract(plan: Plan) -> None:
    assert told(plan, "web")["NODE_ENV"] == "production"
    # Else Fargate's own is there, which Next.js takes for the only address to listen on.
    assert told(plan, "web")["HOSTNAME"] == "0.0.0.0"


def test_names_become_variables() -> None:
    assert variable("api-response") == "API_RESPONSE"


def test_each_service_measures_under_a_namespace_of_its_own(plan: Plan) -> None:
    assert told(plan)["METRICS_NAMESPACE"] == "floyo/dev/api"
    assert told(plan, "web")["METRICS_NAMESPACE"] == "floyo/dev/web"
    # No service can have these names, which begin with no letter.
    assert metrics_namespace(plan(), QUEUES) == "floyo/dev/_queues"
    assert metrics_namespace(plan(), DATABASES) == "floyo/dev/_databases"
