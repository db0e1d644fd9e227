"""The passphrase secrets provider: AES-256-GCM under a key derived from a passphrase, in the official format.

A salt is recorded as ``v1:<base64 of 8 bytes>:<the word pulumi, encrypted>``, which lets a wrong passphrase be told
from a damaged value; a ciphertext as ``v1:<base64 of the nonce>:<base64 of ciphertext and tag>``
(``sdk/go/common/resource/config/crypt.go``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ITERATIONS: Final = 1_000_000
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_PROBE: Final = "pulumi"
_SALT_PARTS: Final = 3

PASSPHRASE: Final = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 -- the variable's name
PASSPHRASE_FILE: Final = "PULUMI_CONFIG_PASSPHRASE_FILE"  # noqa: S105 -- as above


def read_passphrase(environment: Mapping[str, str]) -> str | None:
    """The passphrase from the environment, or None where none is set.

    Raises:
        InputError: the file that is named cannot be read.
    """
    if PASSPHRASE in environment:
        return environment[PASSPHRASE]
    name = environment.get(PASSPHRASE_FILE)
    if not name:
        return None
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{PASSPHRASE_FILE}={name}: cannot read the passphrase ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"


def required(passphrase: str | None, what: str) -> str:
    """The passphrase, or the error that says how to give one.

    Raises:
        InputError: none is set.
    """
    if passphrase is None:
        raise InputError(f"{what} needs a passphrase: set {PASSPHRASE}, or {PASSPHRASE_FILE} to a file that holds it")
    return passphrase


class Crypter:
    """Encrypts and decrypts under one passphrase and salt.

    A ciphertext is used again for the same plaintext of the same owner (a resource), so an unchanged secret looks
    unchanged in the state; two owners of one secret get different ciphertexts, so that the state does not tell.
    """

    def __init__(self, passphrase: str, salt: bytes) -> None:
        """Derives the key; takes about 0.2 s, without holding the interpreter's lock."""
        key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ITERATIONS, _KEY_BYTES)
        # Costs 30 ms to import: not for a run that meets no secret.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        self._cipher = AESGCM(key)
        self._known: dict[tuple[str, str], str] = {}
        self.state = f"v1:{base64.b64encode(salt).decode()}:"

    @classmethod
    def new(cls, passphrase: str) -> Crypter:
        """A crypter under a fresh salt."""
        crypter = cls(passphrase, os.urandom(_SALT_BYTES))
        crypter.state += crypter.encrypt(_PROBE)
        return crypter

    @classmethod
    def open(cls, passphrase: str, state: str, where: str) -> Crypter:
        """A crypter under the salt that `state` records.

        Args:
            passphrase: as given by the user.
            state: the recorded salt.
            where: what it protects, for the error ("the state of stack dev").

        Raises:
            InputError: the salt is malformed, or the passphrase is not the one it was made with.
        """
        version, _, rest = state.partition(":")
        encoded, _, probe = rest.partition(":")
        try:
            salt = base64.b64decode(encoded, validate=True)
        except ValueError:
            salt = b""
        if version != "v1" or not salt or not probe:
            raise InputError(f"{where}: malformed encryption salt {state!r}")
        crypter = cls(passphrase, salt)
        try:
            fits = crypter.decrypt(probe) == _PROBE
        except ValueError:
            fits = False
        if not fits:
            raise InputError(f"{where}: incorrect passphrase (check {PASSPHRASE} or {PASSPHRASE_FILE})")
        crypter.state = state
        return crypter

    def encrypt(self, plaintext: str, owner: str = "") -> str:
        """The ciphertext of `plaintext`; the same as before where `owner` had this plaintext before."""
        known = self._known.get((owner, plaintext)) if owner else None
        if known is not None:
            return known
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), None)
        text = f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"
        if owner:
            self._known[owner, plaintext] = text
        return text

    def decrypt(self, ciphertext: str, owner: str = "") -> str:
        """The plaintext of `ciphertext`.

        Raises:
            ValueError: malformed, damaged, or encrypted under another key.
        """
        # As above: loaded with the first secret.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        parts = ciphertext.split(":")
        if len(parts) != _SALT_PARTS or parts[0] != "v1":
            raise ValueError("malformed ciphertext")
        try:
            nonce, sealed = (base64.b64decode(part, validate=True) for part in parts[1:])
            plaintext = self._cipher.decrypt(nonce, sealed, None).decode()
        except (binascii.Error, InvalidTag, UnicodeDecodeError) as error:
            raise ValueError("ciphertext cannot be decrypted") from error
        if owner:
            self._known[owner, plaintext] = ciphertext
        return plaintext
