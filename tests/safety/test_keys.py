"""Keys of one's own: made once, of the owner alone, opened by their passphrase, never for another public half."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from finchat import verifier
from finchat.errors import FinchatError, UsageError
from finchat.safety import keys
from finchat.settings import Home
from finchat.store.database import StorageError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def holds(key: keys.Key, message: bytes, signature: str) -> bool:
    public = verifier.public_key_bytes(key.public)
    assert public is not None
    return verifier.verify_ed25519(public, message, base64.b64decode(signature))


@pytest.mark.parametrize("passphrase", [None, "", "correct horse", "pâsswörd"])
def test_a_key_is_its_owners_alone_and_signs(home: Home, passphrase: str | None) -> None:
    made = keys.make(home, "anna", passphrase)
    assert made.encrypted is bool(passphrase)
    assert keys.all_keys(home) == (made,)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o700
    assert made.policy_line == f'anna = "{made.public}"'
    signature = keys.sign(made, b"pay", lambda prompt: passphrase if "anna" in prompt else None)
    assert holds(made, b"pay", signature)
    assert not holds(made, b"pay more", signature)


def test_a_key_is_never_overwritten(home: Home) -> None:
    first = keys.make(home, "anna", None)
    with pytest.raises(UsageError, match="there is a key anna already"):
        keys.make(home, "anna", None)
    first.path.unlink()
    with pytest.raises(UsageError, match="already"):
        keys.make(home, "anna", None)


@pytest.mark.parametrize("name", ["", "a b", "../anna", "a/b", "é", "-a", "x" * 33, "a.b"])
def test_a_name_is_no_path(home: Home, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a key"):
        keys.make(home, name, None)
    assert not home.keys.exists()


def test_the_only_key_needs_no_name_and_several_do(home: Home) -> None:
    with pytest.raises(UsageError, match="no key to sign with"):
        keys.choose(home, None)
    anna = keys.make(home, "anna", None)
    assert keys.choose(home, None) == anna
    keys.make(home, "bo", None)
    with pytest.raises(UsageError) as several:
        keys.choose(home, None)
    assert several.value.next == "name one of: anna, bo"
    with pytest.raises(UsageError, match="no key 'cy'"):
        keys.choose(home, "cy")
    assert keys.choose(home, "anna") == anna


def test_what_does_not_open_a_key_signs_nothing(home: Home) -> None:
    key = keys.make(home, "anna", "right")
    for typed in ("wrong", "", None):
        with pytest.raises(UsageError):
            keys.sign(key, b"pay", lambda _, typed=typed: typed)  # type: ignore[misc]


def test_files_of_another_key_or_damaged_ones_are_told(home: Home) -> None:
    anna, bo = keys.make(home, "anna", None), keys.make(home, "bo", None)
    bo.path.write_bytes(anna.path.read_bytes())
    with pytest.raises(StorageError, match="not the private half"):
        keys.sign(bo, b"pay", lambda _: None)
    bo.path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(StorageError, match="no Ed25519 key"):
        keys.sign(bo, b"pay", lambda _: None)
    bo.path.with_suffix(".pub").write_text("ed25519:" + "A" * 43 + "=")
    with pytest.raises(StorageError, match="no public key"):
        keys.all_keys(home)


def test_a_full_disk_leaves_no_half_a_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = keys._create

    def full(path: Path, content: bytes) -> None:
        if path.suffix == ".pub":
            raise keys._not_written(path, OSError(28, "No space left on device"))
        real(path, content)

    monkeypatch.setattr(keys, "_create", full)
    with pytest.raises(FinchatError, match="No space left"):
        keys.make(home, "anna", None)
    assert list(home.keys.iterdir()) == []
