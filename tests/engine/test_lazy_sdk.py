"""The SDK's parts, loaded when they are used: what is offered is the same."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LAZY = "from ascend.engine.embedded import lazy_sdk; lazy_sdk.install()\n"
NAMES = """
import importlib, json, sys
package = importlib.import_module({package!r})
getattr(package, "outputs", None)  # a stand-in until something is asked for
package = sys.modules[{package!r}]
names = {{name: getattr(package, name) for name in {names}}}
print(json.dumps({{name: f"{{value.__module__}}.{{value.__qualname__}}" for name, value in sorted(names.items())
    if hasattr(value, "__qualname__") and hasattr(value, "__module__")}}))
"""


def run(code: str) -> str:
    """What a new interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("package", ["pulumi_aws.sqs", "pulumi_aws.apigatewayv2", "pulumi_aws.cloudwatch"])
def test_every_name_is_the_same(package: str) -> None:
    everything = "dir(package)"
    eager = json.loads(run(NAMES.format(package=package, names=everything)))
    lazy = json.loads(run(LAZY + NAMES.format(package=package, names="package.__all__")))
    exported = {name: value for name, value in eager.items() if value.startswith(f"{package}.")}
    assert lazy == exported


def test_only_what_is_asked_for_is_loaded() -> None:
    loaded = run(LAZY + "from pulumi_aws import sns; sns.Topic; import sys; print(*sys.modules)").split()
    assert "pulumi_aws.sns.topic" in loaded
    assert "pulumi_aws.sns.platform_application" not in loaded


def test_a_flat_sdk_registers_itself_as_before() -> None:
    code = "import pulumi_cloudflare, sys; from pulumi.runtime import rpc\n"
    code += "modules = [name for name in sys.modules if name.startswith('pulumi_cloudflare')]\n"
    code += "print(len(rpc._RESOURCE_MODULES), pulumi_cloudflare.DnsRecord.__module__, len(modules))"
    registered, module, loaded = run(LAZY + code).split()
    assert int(registered) > 0
    assert module == "pulumi_cloudflare.dns_record"
    assert int(loaded) < 20


def test_an_unknown_name_is_an_attribute_error() -> None:
    code = "from pulumi_aws import sns\ntry: sns.Tropic\nexcept AttributeError as error: print(error)"
    assert run(LAZY + code).strip() == "module 'pulumi_aws.sns' has no attribute 'Tropic'"


def test_star_import_gives_the_names() -> None:
    assert run(LAZY + "from pulumi_aws.sns import *; print(Topic.__name__, TopicArgs.__name__)").split() == [
        "Topic",
        "TopicArgs",
    ]
