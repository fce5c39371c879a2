"""Plan files: plans/ID.json, written whole or not at all, readable by their owner alone."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from finchat.books.plan import Plan
from finchat.books.plan_json import OtherVersion, plan_from_json
from finchat.chance import characters
from finchat.errors import FinchatError, UsageError, VerificationMismatch, plain
from finchat.store.files import write_private
from finchat.text.bounded import read_bounded

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z", re.ASCII)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # no letters that look like digits
_LARGEST = 64 * 1024 * 1024


def new_plan_id(as_of: date, purpose: str = "plan") -> str:
    """The accounting date and eight random characters: never the same twice, also under a fixed clock. `purpose`: of
    what else it is the id."""
    return f"{as_of:%Y%m%d}-{characters(purpose, _ALPHABET, 8)}"


def plan_path(plans: Path, plan_id: str) -> Path:
    return plans / f"{plan_id}.json"


def save(plan: Plan, path: Path) -> Path:
    """Writes the plan (mode 0600): the file is complete or it is not there. Raises FinchatError when it cannot."""
    text = json.dumps(plan.as_json(), ensure_ascii=False, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, text.encode("utf-8"))
    except OSError as error:
        raise FinchatError(
            f"cannot save the plan to {path}: {error.strerror}", code="plan_not_saved", next="free space or --plan OUT"
        ) from error
    return path


def check_place(path: Path, flag: str = "--plan") -> None:
    """Whether a plan can be saved where a person named a place. Raises UsageError; makes nothing."""
    directory = path.absolute().parent
    if not directory.is_dir():
        why, step = f"there is no directory {directory}", "make the directory first, or name another place"
    elif path.is_dir():
        why, step = "it is a directory", f"name a file in it: {path / 'plan.json'}"
    elif not os.access(directory, os.W_OK):
        why, step = f"nothing may be written in {directory}", "name another place"
    else:
        return
    raise UsageError(f"cannot save the plan to {path}: {why}", field=flag, next=step)


def find(plans: Path, named: str) -> Path:
    """The file that PLAN names: a path, or the id of a plan in FINCHAT_HOME. Raises UsageError when there is none."""
    for candidate in (Path(named), plan_path(plans, named) if _ID.match(named) else None):
        if candidate is not None and candidate.is_file():
            return candidate
    raise UsageError(f"there is no plan {named!r}", field="PLAN", next=f"name a plan file, or the id of one in {plans}")


def load(path: Path) -> Plan:
    """The plan of a file. Raises UsageError for what is no plan, VerificationMismatch for one that was edited."""
    try:
        data = json.loads(read_bounded(path, _LARGEST).decode("utf-8"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is not a plan: {plain(error)}", field="PLAN", next="name a file that finchat saved"
        ) from error
    if not isinstance(data, dict) or data.get("schema") != "finchat.plan/1":
        raise UsageError(f"{path} is not a finchat.plan/1 file", field="PLAN", next="name a file that finchat saved")
    try:
        return plan_from_json(data)
    except OtherVersion as error:
        raise VerificationMismatch(
            f"{path} is a plan of another version of finchat, or was cut: {error}",
            field="PLAN",
            next="run the command that made it again; nothing of this file is applied",
        ) from error
    except (ValueError, TypeError) as error:
        raise VerificationMismatch(
            f"{path} was changed after it was made: {error}",
            field="PLAN",
            next="run the command that made it again; nothing of this file is applied",
        ) from error
