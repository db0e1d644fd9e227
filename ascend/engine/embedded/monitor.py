"""What the SDK talks to: the resource monitor and the engine, as objects in the program's own process.

The SDK is handed these instead of addresses, so a registration is a function call. It calls from several threads.
Follows ``pkg/resource/deploy/source_eval.go``.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

from ascend.engine.embedded import urns
from ascend.engine.embedded.assets import hashed
from ascend.engine.embedded.backend import ORGANIZATION
from ascend.engine.embedded.registry import provider_inputs
from ascend.engine.embedded.rpc import MonitorError
from ascend.engine.embedded.state import State
from ascend.engine.embedded.steps import Alias, Goal
from ascend.engine.embedded.values import Properties, from_struct, from_wire, has_unknown, secret, to_struct
from ascend.engine.model import Event, EventKind
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from ascend.engine.embedded.deployment import Deployment, Registered
    from ascend.engine.embedded.masking import Masker
    from ascend.engine.embedded.project import Config
    from ascend.engine.embedded.registry import Registry

#: What the SDK may use. Transforms and hooks are on the list so that they are refused here, by name, and not by the
#: SDK with the advice to update a CLI that does not run.
_FEATURES: Final = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
)
_LEGACY_FEATURES: Final = frozenset(
    {"secrets", "resourceReferences", "aliasSpecs", "replacementTrigger", "deletedWith", "replaceWith"}
)
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SEVERITIES: Final = {engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}
_EMPTY: Final = empty_pb2.Empty()


class Monitor:
    """The resource monitor.

    Args:
        deployment: the run, once the state is loaded and the cloud is reached.
        registry: the same for the providers.
        config: the stack's config.
        project: the project's name.
        stack: the stack's name.
        root: the project's folder, to which source positions are relative.
        folder: the program's folder, to which assets are relative.
        preview: whether this is a preview.
        parallel: told to the program.
    """

    def __init__(
        self,
        deployment: Future[tuple[Deployment, Registry]],
        config: Config,
        *,
        project: str,
        stack: str,
        root: Path,
        folder: Path,
        preview: bool,
        parallel: int,
    ) -> None:
        self._ready, self._config = deployment, config
        self._project, self._stack, self._root, self._folder = project, stack, root.as_posix(), folder
        self._preview, self._parallel = preview, parallel
        self._goals: dict[str, Goal] = {}
        self._component_providers: dict[str, dict[str, str]] = {}
        self._defaults: dict[tuple[str, str, str], str] = {}
        self._defaults_lock = threading.Lock()
        #: What the program asked for that this engine does not do.
        self.refused: list[str] = []

    @property
    def _deployment(self) -> Deployment:
        return self._loaded()[0]

    @property
    def _registry(self) -> Registry:
        return self._loaded()[1]

    def _loaded(self) -> tuple[Deployment, Registry]:
        try:
            return self._ready.result()
        except Exception as error:
            # Reported by whoever loads; here it only ends the program.
            raise MonitorError("the run could not begin", grpc.StatusCode.UNAVAILABLE) from error

    # -- what the program may know

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """What runs, and with which features."""
        return resource_pb2.DeploymentInfo(
            project=self._project,
            stack=self._stack,
            organization=ORGANIZATION,
            config=dict(self._config.values),
            configSecretKeys=sorted(self._config.secret),
            dryRun=self._preview,
            parallel=self._parallel,
            supportedFeatures=_FEATURES,
        )

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """The same, asked one at a time by older SDKs."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _LEGACY_FEATURES)

    # -- resources

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Registers a resource and answers with what it has become."""
        title = f"{request.type} {request.name}"
        self._refuse_unsupported(request, title)
        parent = self._goals.get(request.parent)
        provider = request.provider
        if not request.custom:
            providers = {**self._component_providers.get(request.parent, {}), **request.providers}
            provider = provider or (parent.provider if parent else "")
        else:
            providers = {}
            provider = self._provider_of(request, parent)
        try:
            inputs = hashed(from_struct(request.object), self._folder)
        except (ValueError, InputError) as error:
            self._refuse(f"{title}: {error}")
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=request.custom,
            inputs=inputs,
            parent=request.parent,
            protect=_inherited(request, "protect", parent.protect if parent else None),
            dependencies=sorted(request.dependencies),
            provider=provider,
            property_dependencies={
                key: sorted(request.propertyDependencies[key].urns) for key in request.propertyDependencies
            }
            or ({key: sorted(request.dependencies) for key in inputs} if request.dependencies else {}),
            delete_before_replace=request.deleteBeforeReplace
            if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
            else None,
            ignore_changes=list(request.ignoreChanges),
            additional_secret_outputs=list(request.additionalSecretOutputs),
            aliases=[Alias(urn=urn) for urn in request.aliasURNs] + [_alias(alias) for alias in request.aliases],
            import_id=request.importId,
            timeouts=self._timeouts(request.customTimeouts, title),
            replace_on_changes=list(request.replaceOnChanges),
            replacement_trigger=from_wire(request.replacement_trigger)
            if request.HasField("replacement_trigger")
            else None,
            retain_on_delete=_inherited(request, "retainOnDelete", parent.retain_on_delete if parent else None),
            deleted_with=request.deletedWith or (parent.deleted_with if parent else ""),
            replace_with=list(request.replace_with),
            hide_diff=list(request.hideDiffs),
            source_position=self._position(request.sourcePosition),
        )
        if urns.is_provider_type(request.type):
            goal.inputs = provider_inputs(goal.inputs, request.version, request.pluginDownloadURL)
        registered = self._deployment.register(goal)
        urn = registered.state.urn
        self._goals[urn] = goal
        if not request.custom:
            self._component_providers[urn] = providers
        return self._answer(request, registered)

    def _answer(self, request: Any, registered: Registered) -> Any:
        state = registered.state
        # A component's outputs may refer to resources that are not registered yet; the program sets them itself.
        outputs = state.outputs if request.custom else {}
        if not request.supportsPartialValues:
            outputs = {key: value for key, value in outputs.items() if not has_unknown(value)}
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=to_struct(outputs, secrets=request.acceptSecrets, resources=request.acceptResources),
            result=resource_pb2.Result.FAIL if registered.failed else resource_pb2.Result.SUCCESS,
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Records a component's outputs."""
        try:
            outputs = hashed(from_struct(request.outputs), self._folder)
        except (ValueError, InputError) as error:
            self._refuse(f"outputs of {urns.name_of(request.urn)}: {error}")
        self._deployment.register_outputs(request.urn, outputs)
        return _EMPTY

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Reads a resource that the program does not manage."""
        if request.packageRef:
            self._refuse(f"{request.type} {request.name}: packages with parameters are not supported")
        provider = request.provider or self._default(
            urns.package_of(request.type), request.version, request.pluginDownloadURL
        )
        state = State(
            urn=urns.child(self._stack, self._project, request.parent, request.type, request.name),
            type=request.type,
            custom=True,
            external=True,
            id=request.id,
            inputs=from_struct(request.properties),
            parent=request.parent,
            dependencies=sorted(request.dependencies),
            provider=provider,
            additional_secret_outputs=list(request.additionalSecretOutputs),
            source_position=self._position(request.sourcePosition),
        )
        found = self._deployment.read(state)
        return resource_pb2.ReadResourceResponse(
            urn=found.urn,
            properties=to_struct(found.outputs, secrets=request.acceptSecrets, resources=request.acceptResources),
        )

    def Invoke(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Calls a provider's function."""
        if request.packageRef:
            self._refuse(f"{request.tok}: packages with parameters are not supported")
        package = urns.package_of(request.tok)
        reference = (
            request.provider
            or self._component_providers.get(request.parent, {}).get(package)
            or self._default(package, request.version, request.pluginDownloadURL)
        )
        provider = self._registry.get(reference)
        if provider is None:
            raise MonitorError(f"{request.tok}: unknown provider {reference}")
        result, failures = self._deployment.invoke(provider, request.tok, from_struct(request.args))
        response = resource_pb2.ResourceInvokeResponse(
            failures=[provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures]
        )
        getattr(response, "return").CopyFrom(to_struct(result, resources=request.acceptResources))
        return response

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """The program has registered everything: what it no longer wants is deleted."""
        self._deployment.finish()
        return _EMPTY

    # -- what is not supported

    def Call(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Methods of remote components."""
        self._refuse(f"{request.tok}: methods of resources are not supported")

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Packages with parameters."""
        self._refuse(f"package {request.name}: packages with parameters are not supported")

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """Transforms of the whole stack."""
        self._refuse("stack transforms are not supported")

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """Transforms of function calls."""
        self._refuse("invoke transforms are not supported")

    def RegisterResourceHook(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Resource hooks."""
        self._refuse(f"resource hook {request.name}: hooks are not supported")

    def RegisterErrorHook(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Error hooks."""
        self._refuse(f"error hook {request.name}: hooks are not supported")

    def ExistsResource(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """Asking whether a resource exists."""
        self._refuse("asking whether a resource exists is not supported")

    def _refuse_unsupported(self, request: Any, title: str) -> None:
        asked = {
            "remote components": request.remote,
            "packages with parameters": request.packageRef,
            "transforms": request.transforms,
            "state migrations": request.state_migrations,
            "environment variable mappings": request.envVarMappings,
            "hooks": request.HasField("hooks") and bool(request.hooks.ListFields()),
        }
        for what, present in asked.items():
            if present:
                self._refuse(f"{title}: {what} are not supported")

    def _refuse(self, message: str) -> NoReturn:
        text = f"{message} by the embedded engine" if message.endswith("supported") else message
        self.refused.append(text)
        raise MonitorError(text, grpc.StatusCode.UNIMPLEMENTED)

    # -- providers

    def _provider_of(self, request: Any, parent: Goal | None) -> str:
        """The reference of the provider that manages a custom resource; empty for providers themselves."""
        if urns.is_provider_type(request.type):
            return ""
        package = urns.package_of(request.type)
        return (
            request.provider
            or (parent.provider if parent and _provides(parent.provider, package) else "")
            or request.providers.get(package, "")
            or self._component_providers.get(request.parent, {}).get(package, "")
            or self._default(package, request.version, request.pluginDownloadURL)
        )

    def _default(self, package: str, version: str, url: str) -> str:
        """The reference of a package's default provider, which is registered with the first resource that needs it."""
        url = url.rstrip("/")
        key = (package, version, url)
        with self._defaults_lock:
            if key not in self._defaults:
                config: Properties = {
                    name: secret(text) if is_secret else text
                    for name, (text, is_secret) in self._config.package(package).items()
                }
                registered = self._deployment.register(
                    Goal(
                        type=urns.provider_type(package),
                        name=_default_name(version, url),
                        custom=True,
                        inputs=provider_inputs(config, version, url),
                    )
                )
                if registered.failed:
                    raise MonitorError(f"the default provider of {package} cannot be used")
                self._defaults[key] = f"{registered.state.urn}::{registered.state.id}"
            return self._defaults[key]

    # -- details of a request

    def _timeouts(self, timeouts: Any, title: str) -> dict[str, float]:
        texts = {name: getattr(timeouts, name) for name in ("create", "update", "delete", "read")}
        seconds: dict[str, float] = {}
        for name, text in texts.items():
            if text:
                parts = _DURATION.findall(text)
                if "".join(amount + unit for amount, unit in parts) != text:
                    self._refuse(f"{title}: customTimeouts.{name}: {text!r} is no duration (like 10m or 1h30m)")
                seconds[name] = sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
        return seconds

    def _position(self, position: Any) -> str:
        """Where the program asked for a resource, relative to the project: ``project:///infra/region.py#12``."""
        if not position.uri.startswith("file:"):
            return ""
        path = unquote(urlsplit(position.uri).path)
        if not path.startswith(f"{self._root}/"):
            return ""
        return f"project:///{path[len(self._root) + 1 :]}#{position.line}"


def _provides(reference: str, package: str) -> bool:
    return bool(reference) and urns.provider_package(urns.type_of(urns.parse_reference(reference).urn)) == package


def _default_name(version: str, url: str) -> str:
    """``default_7_51_0``: the parts of the version and of a download URL, joined by underscores."""
    name = "default"
    if version:
        name += "_" + re.sub(r"[.+-]", "_", version.removeprefix("v"))
    if url:
        name += "_" + re.sub(r"[^A-Za-z0-9_.]", "_", url)
    return name


def _inherited(request: Any, field: str, parent: bool | None) -> bool | None:
    return bool(getattr(request, field)) if request.HasField(field) else parent


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


class EngineService:
    """The engine's other service: messages of the program, and the URN of the stack."""

    def __init__(self, emit: Callable[[Event], None], masker: Masker) -> None:
        self._emit, self._masker = emit, masker
        self._root = ""

    def Log(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """A message."""
        if request.severity != engine_pb2.DEBUG and not request.ephemeral:
            severity = _SEVERITIES.get(request.severity, "info")
            message = self._masker.held_text(request.message)
            self._emit(Event(EventKind.DIAGNOSTIC, None, message, severity, request.urn))
        return _EMPTY

    def GetRootResource(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """The stack's URN."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any) -> Any:  # noqa: N802 -- the protocol's
        """Tells the stack's URN."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def StartDebugging(self, request: Any) -> Any:  # noqa: ARG002, N802 -- the protocol's
        """Debuggers attach to the CLI only."""
        return _EMPTY

    def RequirePulumiVersion(self, request: Any) -> NoReturn:  # noqa: N802 -- the protocol's
        """There is no CLI whose version could be required."""
        text = f"requiring the CLI version {request.pulumi_version_range} is not supported by the embedded engine"
        raise MonitorError(text, grpc.StatusCode.FAILED_PRECONDITION)
