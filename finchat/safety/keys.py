"""A person's own Ed25519 keys: FINCHAT_HOME/keys/NAME.pem for signing plans, NAME.pub for everyone to see.

Keys are made once and never overwritten. Only this module touches private keys; signatures are verified elsewhere.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finchat import verifier
from finchat.errors import FinchatError, UsageError
from finchat.safety.approval import user_name
from finchat.settings import Home
from finchat.store.database import StorageError, make_private_directory
from finchat.text.bounded import read_bounded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", re.ASCII)
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_LARGEST = 16 * 1024
Passphrase = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair of this home. `public` is `ed25519:BASE64`; `encrypted`: signing asks for its passphrase."""

    name: str
    path: Path
    public: str
    encrypted: bool

    @property
    def policy_line(self) -> str:
        """The line for [signatures.signers] of a policy.toml."""
        return f'{self.name} = "{self.public}"'


def directory(home: Home) -> Path:
    return home.keys


def default_name() -> str:
    """The user's name, as far as it can name a key."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", user_name()).strip("-_")[:32]
    return cleaned if _NAME.fullmatch(cleaned) else "me"


def check_new(home: Home, name: str) -> None:
    """Raises UsageError when a key cannot have this name: it is none, or there is one already."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a key", field="NAME", next="use up to 32 letters, digits, hyphens and underscores"
        )
    for path in (_private(home, name), _public(home, name)):
        if path.exists():
            raise UsageError(
                f"there is a key {name} already: {path}", field="NAME",
                next="choose another name; a key is never overwritten",
            )  # fmt: skip


def make(home: Home, name: str, passphrase: str | None) -> Key:
    """A new key pair, its private half 0600 and encrypted when there is a passphrase.

    Raises UsageError for a name that is taken, StorageError when it cannot be written (nothing is left then).
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    check_new(home, name)
    make_private_directory(directory(home))
    private = Ed25519PrivateKey.generate()
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode("utf-8"))
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    public = public_text(private)
    _create(_private(home, name), pem)
    try:
        _create(_public(home, name), f"{public}\n".encode())
    except FinchatError:
        _private(home, name).unlink(missing_ok=True)
        raise
    return Key(name, _private(home, name), public, bool(passphrase))


def all_keys(home: Home) -> tuple[Key, ...]:
    """The keys of this home, by name. Raises StorageError when one cannot be read."""
    return tuple(_read(home, path.stem) for path in sorted(directory(home).glob("*.pem")))


def choose(home: Home, name: str | None) -> Key:
    """The named key, or the only one there is. Raises UsageError that says what there is."""
    there = all_keys(home)
    found = [key for key in there if name in (None, key.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(key.name for key in there)
    if not there:
        raise UsageError("there is no key to sign with", field="--key", next="make one: finchat key make")
    what = f"there is no key {name!r}" if name is not None else "there are several keys"
    raise UsageError(what, field="--key", next=f"name one of: {names}")


def sign(key: Key, message: bytes, passphrase: Passphrase) -> str:
    """The signature over a message, in base64. `passphrase` is asked with a prompt when the key has one.

    Raises FinchatError when the key cannot be used: a wrong passphrase, a damaged file, a public half of another key.
    """
    private = _load(key, passphrase)
    if public_text(private) != key.public:
        raise StorageError(
            f"{key.path} is not the private half of {key.public}", code="corrupt", field=str(key.path),
            next="restore both files of this key, or make a new key and have the policy list that",
        )  # fmt: skip
    return base64.b64encode(private.sign(message)).decode()


def public_text(private: Ed25519PrivateKey) -> str:
    return "ed25519:" + base64.b64encode(private.public_key().public_bytes_raw()).decode()


def _load(key: Key, passphrase: Passphrase) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = _bytes(key.path)
    typed = passphrase(f"Passphrase of key {key.name}: ") if key.encrypted else None
    if key.encrypted and not typed:
        raise UsageError("no passphrase was typed, so nothing was signed", field="--key")
    try:
        private = serialization.load_pem_private_key(pem, typed.encode("utf-8") if typed else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if key.encrypted:
            raise UsageError(
                f"key {key.name} does not open with that passphrase", field="--key", next="try again"
            ) from error
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise StorageError(
            f"{key.path} holds no Ed25519 key", code="corrupt", field=str(key.path), next="restore it, or make another"
        )
    return private


def _read(home: Home, name: str) -> Key:
    pem = _bytes(_private(home, name))
    public = _bytes(_public(home, name)).decode("ascii", "replace").strip()
    if verifier.public_key_bytes(public) is None:
        raise StorageError(
            f"{_public(home, name)} holds no public key", code="corrupt", field=str(_public(home, name)),
            next="restore it, or make another key",
        )  # fmt: skip
    return Key(name, _private(home, name), public, pem.startswith(_ENCRYPTED))


def _bytes(path: Path) -> bytes:
    try:
        return read_bounded(path, _LARGEST)
    except OSError as error:
        raise StorageError(
            f"cannot read {path}: {error.strerror}", code="storage", field=str(path), next="restore the file"
        ) from error


def _create(path: Path, content: bytes) -> None:
    """A new file of the owner's alone, whole or not there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} is there already", field="NAME", next="choose another name") from None
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write {path}: {error.strerror}", code="not_writable", field=str(path),
        next="free some space or make the directory writable",
    )  # fmt: skip


def _private(home: Home, name: str) -> Path:
    return directory(home) / f"{name}.pem"


def _public(home: Home, name: str) -> Path:
    return directory(home) / f"{name}.pub"
