"""The published codes are those that the source can give: a new one needs its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from finchat.books import findings
from finchat.error_codes import CODES
from finchat.providers.writing.context import CannotPropose
from tests.codes import ERRORS, FINDINGS, PACKAGE, NotFollowed, codes_of

# Findings that carry the name of the situation, or the code of the error that keeps a proposal from being made.
NAMED_BY_SITUATION = {"on_account", "prepayment"}


def test_every_error_code_of_the_source_is_published_with_its_sentence_and_no_other() -> None:
    used = codes_of(PACKAGE, ERRORS)
    assert used - set(CODES) == set(), "add these to finchat/error_codes.py"
    assert set(CODES) - used == set(), "the source gives these no more"
    assert all(meaning.endswith(".") for meaning in CODES.values())


def test_every_finding_code_of_the_source_is_published_and_no_other() -> None:
    assert codes_of(PACKAGE, FINDINGS) | NAMED_BY_SITUATION | {CannotPropose.code} == set(findings.CODES)


@pytest.mark.parametrize(
    "source",
    [
        "raise FinchatError('x', code='new')",
        "CallError(code='new')",
        "class Odd(FinchatError):\n    code = 'new'",
        "def helper(code, text):\n    return WriteError(code=code)\nhelper('new', 'x')",
        "class A:\n    def helper(self, text, code):\n        return Failure(code=code)\nA().helper('x', 'new')",
        "TABLE = {404: 'new'}\nCallError(code=TABLE.get(404))",
        "TABLE = {404: ('new', 'x')}\ndef f(n):\n    code, text = TABLE.get(n)\n    CallError(code=code)",
        "def f(n):\n    error = FinchatError('x', code='new')\n    error.code = 'new' if n else 'new'",
        "def f(error: WriteError):\n    error.code = 'new'",
        "NEW = 'new'\nCallError(code=NEW)",
    ],
)
def test_a_new_code_is_seen_however_it_is_given(source: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(source)
    assert codes_of(tmp_path, ERRORS) == {"new"}


def test_a_code_that_cannot_be_followed_is_no_silent_gap(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("CallError(code='a' + 'b')")
    with pytest.raises(NotFollowed):
        codes_of(tmp_path, ERRORS)
