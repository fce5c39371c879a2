"""The sessions in FINCHAT_HOME/sessions: made, opened again, listed, searched, renamed, deleted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from finchat import __version__
from finchat.agent.conversation import Conversation
from finchat.agent.sessions.lines import FORMAT, NOT_LISTED, NOT_SEARCHED, Damaged, whole
from finchat.agent.sessions.log import Now, SessionLog, files_of
from finchat.agent.sessions.record import KeptPlan, NotASession, SessionRecord, record_of
from finchat.clock import utc_now
from finchat.errors import FinchatError, UsageError, plain
from finchat.events import Emit, Notice, silent
from finchat.store.database import StorageError
from finchat.store.owner import try_lock
from finchat.text.bounded import read_bounded
from finchat.text.sanitise import one_line

if TYPE_CHECKING:
    from finchat.agent.evidence import EvidenceStore
    from finchat.agent.messages import Api
    from finchat.agent.stand_ins import StandIns
    from finchat.books.documents import Organisation
    from finchat.settings import Home

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_LONGEST_TITLE = 200
_LARGEST = 256 * 1024 * 1024  # bytes of the log of one session
_AROUND = 60  # characters beside what a search found
_CUT_OFF = "error: finchat ended before this call was answered; call again what is still needed"


class SessionInUse(FinchatError):
    """Another process has the session open."""

    code = "session_in_use"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"session {session_id} is open in another finchat", field="ID",
            next="go on there or end it first; another chat can be begun beside it",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionFound:
    """What a search found in one session: what was said there, and the words around the first of those searched for."""

    record: SessionRecord
    hits: tuple[tuple[str, str], ...]  # ("question" or "answer", words)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file among the sessions that cannot be read, and why."""

    id: str
    why: str


@dataclass(slots=True)
class SavedSession:
    """A session of an earlier process, open in this one. Approvals given then are void: `undecided` names the plans.

    Use `conversation`, `evidence` and `teach` once each, and close it at the end.
    """

    record: SessionRecord
    log: SessionLog
    _evidence_path: Path = field(repr=False)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def undecided(self) -> tuple[KeptPlan, ...]:
        """Plans that this session made and nobody decided on, as far as it knows; each is still applied by its id."""
        return self.record.awaiting

    def conversation(self) -> Conversation:
        """The conversation as it stood, which is kept on: its fence, call ids, questions and what was put away.

        Calls that were under way are answered with that. Of a private session reasoning is left out: the names it
        speaks of are stand-ins of the earlier process. Raises UsageError (code corrupt) for lines that do not fit.
        """
        record = self.record
        try:
            conversation = Conversation(mark=record.mark)
            for change in record.changes:
                conversation.make(change)
        except (ValueError, TypeError, AssertionError) as odd:
            raise _corrupt(self.log.path, f"its lines do not fit together ({odd})") from odd
        conversation.listen(self.log.note)
        if cut := conversation.unanswered():
            for call_id in cut:
                conversation.output(call_id, conversation.fence.around(_CUT_OFF, "finchat"))
            conversation.end_batch()
        if record.private:
            conversation.drop_reasoning()
        return conversation

    def evidence(self, base_currency: str | None = None) -> EvidenceStore:
        """The results of the session; new ones are added. Raises StorageError."""
        from finchat.agent.evidence import EvidenceStore

        return EvidenceStore(self._evidence_path, self.id, base_currency=base_currency)

    def teach(self, standins: StandIns, evidence: EvidenceStore) -> None:
        """Let stand-ins know all names that the session has seen, before any of it is sent again."""
        for question in (turn.question for turn in self.record.turns):
            standins.learn_said(question)
        for evidence_id in evidence.ids():
            stored = evidence.get(evidence_id)
            standins.learn(stored.result, server=stored.server, tool=stored.tool)

    def close(self) -> None:
        self.log.close()

    def __enter__(self) -> SavedSession:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class SessionStore:
    """All sessions of one home. What `ID` names is an id, or a beginning that only one id has."""

    def __init__(self, home: Home, *, now: Now = utc_now, emit: Emit = silent) -> None:
        self._folder = home.sessions
        self._now = now
        self._emit = emit

    def create(
        self, session_id: str, *, organisation: Organisation, model: str, api: Api, private: bool = False
    ) -> SessionLog:
        """A new session. Its file is there from the first question on; take its conversation from the log."""
        header = {
            "format": FORMAT, "finchat": __version__, "id": session_id, "model": model, "api": api, "private": private,
            "organisation": {"server": organisation.server, "id": organisation.id, "name": organisation.name},
        }  # fmt: skip
        return SessionLog(self._path(session_id), header, now=self._now, emit=self._emit)

    def evidence_path(self, session_id: str) -> Path:
        """Where the results of a session are kept."""
        return self._path(session_id).with_suffix(".sqlite3")

    def sent_path(self, session_id: str) -> Path:
        """Where it is kept what left for the model."""
        return self._path(session_id).with_suffix(".sent.jsonl")

    def open(self, named: str, *, organisation: Organisation | None = None) -> SavedSession:
        """Go on with a session; no other process can until it is closed.

        A last line that was cut off is dropped, and said. Raises UsageError for one that is not there, is damaged or
        is of another organisation than `organisation`; SessionInUse.
        """
        path = self._find(named)
        with self._locked(path) as descriptor:
            data = _content(path)
            record = self._record(path, data)
            if organisation is not None:
                _check(record, organisation)
            if record.torn:
                end = whole(data)
                os.ftruncate(descriptor, end)
                text = (
                    f"the last line of session {record.id} was cut off ({len(data) - end} bytes) and is dropped; "
                    "everything before it is there"
                )
                self._emit(Notice(text=text, severity="warning"))
            log = SessionLog(path, None, now=self._now, emit=self._emit, descriptor=os.dup(descriptor))
        return SavedSession(record, log, path.with_suffix(".sqlite3"))

    def read(self, named: str) -> SessionRecord:
        """A session whole, to look at; it may be open elsewhere. Raises UsageError."""
        path = self._find(named)
        return self._record(path, _content(path))

    def all(self, *, without: tuple[str, ...] = NOT_LISTED) -> tuple[list[SessionRecord], list[Unreadable]]:
        """Every session without its calls, items and answers, the one used last first, and the files that are none."""
        found: list[SessionRecord] = []
        odd: list[Unreadable] = []
        for path in self._files():
            try:
                found.append(record_of(path.stem, _content(path), without=without))
            except (NotASession, Damaged) as why:
                odd.append(Unreadable(path.stem, str(why)))
            except FinchatError as error:
                odd.append(Unreadable(path.stem, error.message))
        found.sort(key=lambda record: (record.updated, record.created, record.id), reverse=True)
        return found, odd

    def list(self) -> Sequence[SessionRecord]:
        """The sessions that can be read, the one used last first."""
        return self.all()[0]

    def search(self, words: str) -> Sequence[SessionFound]:
        """The sessions in whose title, questions and answers all of these words are, in any case."""
        wanted = [word.casefold() for word in words.split()]
        found = []
        for record in self.all(without=NOT_SEARCHED)[0] if wanted else ():
            texts = [(kind, text) for kind, text in _texts(record)]
            everything = "\n".join(text for _, text in [("title", record.title), *texts]).casefold()
            if all(word in everything for word in wanted):
                found.append(SessionFound(record, tuple(_hits(texts, wanted))))
        return found

    def rename(self, named: str, title: str) -> SessionRecord:
        """Call a session something else. Raises UsageError, SessionInUse."""
        words = one_line(title, _LONGEST_TITLE)
        if not words:
            raise UsageError("the title is empty", field="TITLE", next="give it a few words")
        with self.open(named) as saved:
            saved.log.rename(words)
            saved.record.given_title = words
            return saved.record

    def delete(self, named: str) -> Sequence[Path]:
        """Delete everything a session left but its plans and what journal and audit log hold; the files that went.

        Raises UsageError for one that is not there, SessionInUse, StorageError where a file cannot be deleted.
        """
        path = self._find(named)
        gone = []
        with self._locked(path):
            for file in files_of(path):
                try:
                    file.unlink()
                    gone.append(file)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise StorageError(
                        f"cannot delete {file}: {plain(error)}", code="not_writable", field="ID",
                        next="make the directory writable for you, and delete the session again",
                    ) from error  # fmt: skip
        return gone

    def find(self, named: str) -> str:
        """The id that is meant. Raises UsageError when there is none, or several."""
        return self._find(named).stem

    # Files

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{session_id}.jsonl"

    def _files(self) -> Iterator[Path]:
        return (path for path in sorted(self._folder.glob("*.jsonl")) if _ID.fullmatch(path.stem))

    def _find(self, named: str) -> Path:
        if _ID.fullmatch(named):
            if (path := self._path(named)).is_file():
                return path
            fitting = [path for path in self._files() if path.stem.startswith(named)]
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                names = ", ".join(path.stem for path in fitting[:5])
                raise UsageError(f"several sessions begin with {named}", field="ID", next=f"name one: {names}")
        raise UsageError(f"there is no session {named!r}", field="ID", next="see finchat sessions")

    @contextmanager
    def _locked(self, path: Path) -> Iterator[int]:
        """The file open for appending, and no other process has it; the lock goes with the last open descriptor."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            raise UsageError(f"there is no session {path.stem!r}", field="ID", next="see finchat sessions") from None
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            if not try_lock(descriptor):
                raise SessionInUse(path.stem)
            if not _same(descriptor, path):  # deleted while we were on our way
                raise UsageError(f"there is no session {path.stem!r} any more", field="ID", next="see finchat sessions")
            yield descriptor
        finally:
            os.close(descriptor)

    def _record(self, path: Path, data: bytes) -> SessionRecord:
        try:
            return record_of(path.stem, data)
        except NotASession as why:
            if why.newer:
                raise UsageError(
                    f"{path}: {why}", code="newer_schema", field="ID", next="update finchat to go on with it"
                ) from None
            raise _corrupt(path, str(why)) from None
        except Damaged as why:
            raise _corrupt(path, str(why)) from None


def _check(record: SessionRecord, organisation: Organisation) -> None:
    of = record.organisation
    if (of.server, of.id) != (organisation.server, organisation.id):
        raise UsageError(
            f"session {record.id} is about {one_line(of.name, 80)} on {one_line(of.server, 40)}, and "
            f"{one_line(organisation.name, 80)} on {one_line(organisation.server, 40)} is open",
            code="other_organisation", field="ID",
            next=f"finchat chat --resume {record.id} --server {one_line(of.server)} --org {one_line(of.id)}",
        )  # fmt: skip


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _content(path: Path) -> bytes:
    try:
        return read_bounded(path, _LARGEST)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot use {path}: {plain(error)}", code="not_writable", field="ID", next="make the file writable for you"
    )


def _corrupt(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} cannot be read: {why}", code="corrupt", field="ID",
        next=f"keep a copy of the file if it matters; finchat sessions delete {path.stem}",
    )  # fmt: skip


def _texts(record: SessionRecord) -> Iterator[tuple[str, str]]:
    for turn in record.turns:
        yield "question", turn.question
        for answer in turn.answers:
            if answer.final:
                yield "answer", answer.text


def _hits(texts: Sequence[tuple[str, str]], wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Where any of the words stands, with what is around it."""
    pattern = re.compile("|".join(re.escape(word) for word in wanted), re.IGNORECASE)
    for kind, text in texts:
        if (first := pattern.search(text)) is not None:
            start, end = max(first.start() - _AROUND, 0), first.end() + _AROUND
            words = one_line(text[start:end])
            yield kind, f"{'…' if start else ''}{words}{'…' if end < len(text) else ''}"
