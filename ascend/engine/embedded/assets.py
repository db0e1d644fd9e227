"""Hashes of assets and archives: what their equality rests on."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded.values import Archive, Asset, Secret
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Files that are archives already are hashed as they are.
_ARCHIVES: Final = (".jar", ".tar", ".tgz", ".tar.gz", ".zip")
_BLOCK: Final = 512
_MODE: Final = 0o600
#: Where a tar header has its checksum and its two device numbers.
_CHECKSUM: Final = slice(148, 156)
_DEVICES: Final = slice(329, 345)


def hashed(value: Any, folder: Path) -> Any:
    """The value with a hash on every asset and archive in it; relative paths start at `folder`.

    Raises:
        InputError: a file cannot be read, or the content would have to be fetched from the network.
    """
    if isinstance(value, Asset):
        return value if value.hash else replace(value, hash=hashlib.sha256(_content(value, folder)).hexdigest())
    if isinstance(value, Archive):
        members = value.assets and {name: hashed(member, folder) for name, member in value.assets.items()}
        whole = replace(value, assets=members)
        return whole if value.hash else replace(whole, hash=_archive_hash(whole, folder))
    if isinstance(value, dict):
        return {key: hashed(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [hashed(item, folder) for item in value]
    return Secret(hashed(value.value, folder)) if isinstance(value, Secret) else value


def _content(asset: Asset, folder: Path) -> bytes:
    if asset.uri:
        raise InputError(f"asset {asset.uri}: remote assets are not supported by the embedded engine")
    return _bytes(folder / asset.path) if asset.path else asset.text.encode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"asset {path}: cannot be read ({error.strerror})") from error


def _archive_hash(archive: Archive, folder: Path) -> str:
    if archive.uri:
        raise InputError(f"archive {archive.uri}: remote archives are not supported by the embedded engine")
    if archive.path:
        path = folder / archive.path
        if path.is_file() and path.name.endswith(_ARCHIVES):
            return hashlib.sha256(_bytes(path)).hexdigest()
        if not path.is_dir():
            raise InputError(f"archive {path}: must be a folder or a file ending in {', '.join(_ARCHIVES)}")
    digest = hashlib.sha256()
    for name, content in _members(archive, folder):
        digest.update(_header(name, len(content)))
        digest.update(content + bytes(-len(content) % _BLOCK))
    # Two empty blocks end a tar file.
    digest.update(bytes(2 * _BLOCK))
    return digest.hexdigest()


def _header(name: str, size: int) -> bytes:
    """A tar header as Go writes it: with device numbers of zero, where Python leaves them empty."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODE
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[_DEVICES] = b"0000000\0" * 2
    header[_CHECKSUM] = b" " * 8
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)


def _members(archive: Archive, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files, in the order in which they are hashed."""
    if archive.path:
        base = folder / archive.path
        for path in sorted(base.rglob("*")):
            if path.is_file():
                yield path.relative_to(base).as_posix(), _bytes(path)
        return
    for name, member in sorted((archive.assets or {}).items()):
        if isinstance(member, Asset):
            yield name, _content(member, folder)
        else:
            for inner, content in _members(member, folder):
                yield f"{name}/{inner}", content
