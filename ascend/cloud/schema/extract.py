"""Derive the schema files from the SDK packages' source.

Run as ``python -m ascend.cloud.schema.extract`` after an SDK upgrade or when a type is added; a test compares the files
with the installed SDKs. The packages are parsed, never imported: pulumi_aws alone takes seconds to import.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from ascend.cloud.schema import DATA, module_of

_SCALARS = {"str": "string", "bool": "boolean", "int": "integer", "float": "number", "Any": "any"}
_WRAPPERS = {"Input", "Optional", "Output", "Awaitable", "NotRequired"}


def _package_dir(package: str) -> Path:
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or spec.origin is None:
        message = f"pulumi_{package} is not installed"
        raise ModuleNotFoundError(message)
    return Path(spec.origin).parent


class _Source:
    """The classes of one file. The files have up to 60,000 lines, so a class is parsed when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8") if path.exists() else ""
        starts = [(match.start(), match.group(1)) for match in re.finditer(r"^class (\w+)", self.text, re.MULTILINE)]
        ends = [start for start, _ in starts[1:]] + [len(self.text)]
        self._slices = {name: slice(start, end) for (start, name), end in zip(starts, ends, strict=False)}
        self._parsed: dict[str, ast.ClassDef] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._slices

    def get(self, name: str) -> ast.ClassDef | None:
        """A class by its name."""
        if name not in self._parsed and name in self._slices:
            # What follows a class up to the next one are that one's decorators, which have nothing to decorate here.
            body = re.split(r"\n(?=[^\s#])", self.text[self._slices[name]], maxsplit=1)[0]
            node = ast.parse(body).body[0]
            if isinstance(node, ast.ClassDef):
                self._parsed[name] = node
        return self._parsed.get(name)


@cache
def _source(path: Path) -> _Source:
    return _Source(path)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class _Module:
    """One module of an SDK package (``pulumi_aws/ec2``), with the object types met while reading its resources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects: dict[str, dict[str, Any]] = {}

    def resource(self, token: str) -> dict[str, Any]:
        """The entry of one resource type."""
        name = token.rpartition(":")[2]
        # Most files carry the resource's name in snake case; acronyms and renamed types differ, so look for it then.
        first = [self.folder / f"{_snake(name)}.py"]
        candidates = [path for path in first if path.exists()] + sorted(self.folder.glob("*.py"))
        for path in candidates:
            classes = _source(path)
            resource = classes.get(name)
            if resource is None or f"'{token}'," not in classes.text:
                continue
            # A nested type that already has the name pushes the resource's arguments aside.
            arguments = classes.get(f"{name}InitArgs") or classes.get(f"{name}Args")
            inputs, required = self._arguments(arguments) if arguments else ({}, [])
            entry: dict[str, Any] = {"inputs": inputs, "outputs": self._getters(resource, outputs=True)}
            if required:
                entry["required"] = required
            secrets = re.search(r"additional_secret_outputs=\[(.*?)\]", classes.text)
            if secrets:
                entry["secrets"] = re.findall(r'"(\w+)"', secrets.group(1))
            return entry
        message = f"{token}: not found in {self.folder.name}"
        raise LookupError(message)

    def _arguments(self, node: ast.ClassDef) -> tuple[dict[str, str], list[str]]:
        names = self._names(node)
        init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
        properties: dict[str, str] = {}
        required: list[str] = []
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
            name = names.get(argument.arg, argument.arg)
            properties[name] = self._expression(argument.annotation, outputs=False)
            if default is None:
                required.append(name)
        return properties, sorted(required)

    @staticmethod
    def _names(node: ast.ClassDef) -> dict[str, str]:
        """Python attribute to wire name, from the ``pulumi.getter`` decorators."""
        names: dict[str, str] = {}
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                for decorator in item.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pulumi.getter":
                        names[item.name] = ast.literal_eval(decorator.keywords[0].value)
        return names

    def _getters(self, node: ast.ClassDef, *, outputs: bool) -> dict[str, str]:
        names = self._names(node)
        found: dict[str, str] = {}
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and any(
                "pulumi.getter" in ast.unparse(d) for d in item.decorator_list
            ):
                found[names.get(item.name, item.name)] = self._expression(item.returns, outputs=outputs)
        return found

    def _expression(self, node: ast.expr | None, *, outputs: bool) -> str:  # noqa: PLR0911 -- one per form
        if node is None:
            return "any"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._reference(node.value, outputs=outputs)
        if isinstance(node, ast.Subscript):
            head = ast.unparse(node.value).rpartition(".")[2]
            if head in _WRAPPERS:
                return self._expression(node.slice, outputs=outputs)
            if head == "Sequence":
                return f"list<{self._expression(node.slice, outputs=outputs)}>"
            if head == "Mapping" and isinstance(node.slice, ast.Tuple):
                return f"map<{self._expression(node.slice.elts[1], outputs=outputs)}>"
            if head == "Union" and isinstance(node.slice, ast.Tuple):
                return self._union(node.slice.elts, outputs=outputs)
            return "any"
        text = ast.unparse(node)
        if text in {"pulumi.Asset", "pulumi.Archive"}:
            return "asset"
        return _SCALARS.get(text.rpartition(".")[2], "any")

    def _union(self, members: list[ast.expr], *, outputs: bool) -> str:
        """A union's first member decides: the SDKs write ``Union[str, 'AnEnum']`` and ``Union[str, 'PolicyArgs']``.

        A union with an object is a document that may be given as text or as an object: ``any``.
        """
        kinds = {self._expression(member, outputs=outputs) for member in members}
        return kinds.pop() if len(kinds) == 1 else "any"

    def _reference(self, name: str, *, outputs: bool) -> str:
        module, _, plain = name.rpartition(".")
        if plain in _source(self.folder / "_enums.py"):
            return "string"
        if module not in {"", "outputs"}:
            return "any"
        node = _source(self.folder / ("outputs.py" if outputs else "_inputs.py")).get(plain)
        if node is None:
            return "any"
        key = f"{plain}!" if outputs else plain.removesuffix("Args")
        if key not in self.objects:
            self.objects[key] = {}  # a placeholder first: object types may refer to themselves
            if outputs:
                self.objects[key] = {"properties": self._getters(node, outputs=True)}
            else:
                properties, required = self._arguments(node)
                self.objects[key] = {"properties": properties, **({"required": required} if required else {})}
        return f"#{key}"


def extract(tokens: list[str]) -> dict[str, dict[str, Any]]:
    """The content of every data file that the given type tokens need, by file name without suffix."""
    by_module: dict[str, list[str]] = {}
    for token in sorted(tokens):
        by_module.setdefault(module_of(token), []).append(token)
    files: dict[str, dict[str, Any]] = {}
    for name, members in by_module.items():
        package, _, module = name.partition("-")
        folder = _package_dir(package)
        reader = _Module(folder if module == "index" or not (folder / module).is_dir() else folder / module)
        resources = {token: reader.resource(token) for token in members}
        files[name] = {"resources": resources, "objects": dict(sorted(reader.objects.items()))}
    return files


def tokens() -> list[str]:
    """Every type of the emulated providers."""
    from ascend.cloud import cloudflare, random_provider  # noqa: PLC0415 -- the providers read this package's data themselves
    from ascend.cloud.aws import types  # noqa: PLC0415

    return [*types.TOKENS, *cloudflare.TOKENS, *random_provider.TOKENS]


def main() -> None:
    """Write the data files anew."""
    for name, content in extract(tokens()).items():
        path = DATA / f"{name}.json"
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
