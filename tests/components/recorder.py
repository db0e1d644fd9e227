"""What a program registers, as the engine receives it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pulumi.runtime import mocks, rpc

from tests.components.support import ACCOUNT, Registered, Registration, Secret

if TYPE_CHECKING:
    from collections.abc import Callable


#: What ACM asks for, and the host name that API Gateway gives a domain.
PROOF = {
    "domainName": "app.floyo.example",
    "resourceRecordName": "_1a2b.app.floyo.example.",
    "resourceRecordType": "CNAME",
    "resourceRecordValue": "_3c4d.acm-validations.aws.",
}
HOST = "d-1a2b3c4d5e.execute-api.us-east-1.amazonaws.com"


class _Outputs(mocks.Mocks):
    """Answers as the official provider does: the inputs, an id, an ARN, and what else programs read."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        name = args.inputs.get("name") or args.inputs.get("identifier") or f"{args.name}-0a1b2c3"
        service = args.typ.split(":")[1].split("/")[0]
        kind = args.typ.split("/")[-1].split(":")[0].lower()
        outputs = {
            "arn": f"arn:aws:{service}:us-east-1:{ACCOUNT}:{kind}/{name}",
            "name": name,
            "url": f"https://{service}.us-east-1.amazonaws.com/{ACCOUNT}/{name}",
            "address": f"{name}.abc.us-east-1.rds.amazonaws.com",
            "primaryEndpointAddress": f"master.{name}.abc123.use1.cache.amazonaws.com",
            "apiEndpoint": "https://a1b2c3.execute-api.us-east-1.amazonaws.com",
            "keyId": "mrk-1",
            "result": "correct-horse",
            "hex": "0badcafe",
            "resourceId": f"db-{name}",
            "endpoint": f"{name}.proxy-abc.us-east-1.rds.amazonaws.com",
            "allocationId": f"eipalloc-{name}",
            "availabilityZone": f"us-east-1{'abc'[int(args.name[-1]) - 1] if args.name[-1] in '123' else 'a'}",
            "arnSuffix": f"{kind}/{name}/0123456789abcdef",
            "dnsName": f"{name}.us-east-1.elb.amazonaws.com",
            "bucket": name,
            "versionId": "v-1",
            "replicationTaskArn": f"arn:aws:dms:us-east-1:{ACCOUNT}:task:ABC123",
            "prefixListId": "pl-s3",
            **args.inputs,
        }
        if kind == "certificate":
            outputs["domainValidationOptions"] = [PROOF]
        if kind == "domainname":
            outputs["domainNameConfiguration"] = {**args.inputs["domainNameConfiguration"], "targetDomainName": HOST}
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token == "cloudflare:index/getZone:getZone":
            name = args.args["filter"]["name"]
            return {"id": f"zone of {name}", "account": {"id": f"account of {name}", "name": "ours"}}, []
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity"
        answer = {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "userId": ACCOUNT, "id": ACCOUNT}
        return answer, []


class _Monitor(mocks.MockMonitor):
    """Keeps the raw requests: options are in them and nowhere else."""

    def __init__(self, registered: Registered) -> None:
        super().__init__(_Outputs())
        self._registered = registered

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the SDK's name
        if request.type != "pulumi:pulumi:Stack":
            self._registered.resources.append(
                Registration(
                    type=request.type,
                    name=request.name,
                    inputs=_plain(rpc.deserialize_properties(request.object)),
                    parent=request.parent,
                    protect=request.protect,
                    ignore_changes=tuple(request.ignoreChanges),
                    depends_on=tuple(request.dependencies),
                    custom=request.custom,
                    urn=self.make_urn(request.parent, request.type, request.name),
                    create_timeout=request.customTimeouts.create,
                ),
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 -- the SDK's name
        self._registered.outputs[request.urn] = _plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return Secret(_plain(value["value"]))
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return Secret(_plain(value["value"])) if rpc.is_rpc_secret(value) else value


def record(program: Callable[[], Any], *, preview: bool = False) -> Registered:
    """Run a program against a recording engine and give what was registered. Raises what the program raises."""
    registered = Registered()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        mocks.set_mocks(_Outputs(), project="ascend", stack="dev", preview=preview, monitor=_Monitor(registered))
        mocks.test(lambda: _finish(program()))()  # type: ignore[no-untyped-call]
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return registered


def _finish(_made: Any) -> None:
    """Nothing is awaited by value: the runtime waits for every registration by itself."""
