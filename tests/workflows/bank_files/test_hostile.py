"""Files made to harm: refused with one sentence, or read as the data they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finchat.errors import FinchatError, UsageError
from finchat.workflows.bank_files.text import LONGEST_FIELD, decode
from tests.workflows.bank_files.files import IBAN, MONTH, Reader, bank, camt, mt940, ofx


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path, bank("090", number=IBAN))
    yield one
    one.database.close()


LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(10)
) + "]>"  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("written", [camt, lambda: ofx(xml=True)])
def test_entities_are_refused_before_they_are_read(written: object, encoding: str, reader: Reader) -> None:
    assert callable(written)
    head, _, body = str(written()).partition("?>")
    began = time.process_time()
    with pytest.raises(UsageError, match="entities"):
        reader.read(f"{head}?>{LAUGHS}{body}".replace("RE-1001", "&k;"), encoding=encoding)
    assert time.process_time() - began < 2
    with pytest.raises(UsageError, match="entities"):
        reader.read(f'{head}?><!DOCTYPE x SYSTEM "file:///etc/passwd">{body}', encoding=encoding)


def test_xml_that_is_deep_torn_or_of_another_kind_is_refused(reader: Reader) -> None:
    deep = camt().replace("<Stmt>", "<Stmt>" + "<x>" * 5000, 1).replace("</Stmt>", "</x>" * 5000 + "</Stmt>", 1)
    with pytest.raises(UsageError, match="nested"):
        reader.read(deep)
    with pytest.raises(UsageError, match=r"line \d+, column \d+ is not well-formed"):
        reader.read(camt()[:-40])
    with pytest.raises(UsageError, match="neither OFX nor a CAMT"):
        reader.read("<html><body>Please sign in</body></html>")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("1234.50", "12x", "Amt"), ("1234.50", "-1", "Amt"), ("1234.50", "1e99", "Amt"), ("CRDT", "UP", "CdtDbtInd"),
        ("2026-11-02", "2026-13-45", "BookgDt"), ("1234.50", "NaN", "Amt"), ("1234.50", "0.001", "finer"),
    ],
)  # fmt: skip
def test_a_field_of_camt_that_is_wrong_is_named(old: str, new: str, named: str, reader: Reader) -> None:
    with pytest.raises(UsageError, match=named):
        reader.read(camt(version="054.001.08").replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("C1234,50", "C1,2,3"), ("C1234,50", "CXX"), ("2611021102C", "2613991102C"), (":61:", ":61:garbage "),
        ("EUR5000,00", "EURx"), ("C1234,50", "C" + "9" * 40),
    ],
)  # fmt: skip
def test_mt940_that_is_wrong_is_one_sentence_and_nothing_on_stderr(
    old: str, new: str, reader: Reader, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="statement 1"):
        reader.read(mt940().replace(old, new, 1))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("field", ["<DTPOSTED>20261102120000.000[+1:CET]", "<TRNAMT>1234.50"])
def test_an_ofx_transaction_without_a_field_is_named_by_its_line(field: str, reader: Reader) -> None:
    with pytest.raises(UsageError, match=rf"line \d+, {field[1:].partition('>')[0]}"):
        reader.read(ofx().replace(field, "", 1))


def test_control_characters_and_nul_bytes_are_no_text_of_a_line(reader: Reader) -> None:
    text = "Date,Description,Amount\n2026-11-03,\x1b[31mPAY\x00 \x07ME\x9b,-1.00\n2026-11-04,B\x1b]0;x\x07,-2.00\n"
    for line in reader.read(text).lines:
        assert line.narration.isprintable()
    hidden = ofx().replace("RE-1001", "\x1b[2J\x00RE-1001")
    assert all(x.narration.isprintable() for x in reader.read(hidden).lines)


def test_a_huge_field_is_cut_or_refused(reader: Reader) -> None:
    text = f"Date,Description,Amount\n2026-11-03,{'x' * 100_000},-1.00\n"
    assert len(reader.read(text).lines[0].narration) == LONGEST_FIELD
    with pytest.raises(UsageError, match=r"cannot be read as CSV|holds no row"):
        reader.read(f"Date,Description,Amount\n2026-11-03,A,-1.00\n2026-11-04,{'x' * 200_000},-1.00\n")
    long = ofx().replace("Strom Nov", "y" * 1_000_000)
    assert max(len(x.narration) for x in reader.read(long).lines) == LONGEST_FIELD


def test_many_lines_alike_cost_no_more_than_others(reader: Reader) -> None:
    rows = "".join(f"2026-11-{3 + n // 500:02},SAME,-1.00\n" for n in range(3000))
    began = time.process_time()
    assert len(reader.read("Date,Description,Amount\n" + rows).lines) == 3000
    again = reader.read("Date,Description,Amount\n" + rows + "2026-11-09,B,-1.00\n")
    assert len(again.lines) == 3001
    assert time.process_time() - began < 6


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"PK\x03\x04 sheet", b"%PDF-1.7", b"\xff\xfe", b"hello\nworld\n"])
def test_what_is_no_statement_is_said_so(data: bytes, reader: Reader) -> None:
    with pytest.raises(UsageError):
        reader.read(data)


def test_a_file_that_is_not_there_or_a_directory(reader: Reader, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            reader.read_paths(path)


SAMPLES = [camt().encode(), ofx().encode(), mt940().encode(), b"Date,Text,Amount\n2026-11-03,A,-1.00\n2026-11-04,B,2\n"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_file_is_read_or_refused_never_a_traceback(
    reader: Reader, sample: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 40))
    torn = sample[:at] + data.draw(st.binary(max_size=20)) + sample[at + length :]
    try:
        reader.read(torn, account="090")
    except FinchatError:
        return


@given(st.text(min_size=1, max_size=40))
def test_utf8_is_never_taken_for_anything_else(text: str) -> None:
    encoded = text.encode()
    if b"\x00" not in encoded and not encoded.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert decode(encoded).text == text


def test_the_letters_of_other_encodings_are_kept() -> None:
    for text, encoding in (("Größe Straße Müller", "cp1252"), ("Žluťoučký kůň", "cp1250"), ("ООО Ромашка", "cp1251")):
        assert decode(text.encode(encoding)).text == text


def test_the_month_is_what_the_samples_hold() -> None:
    assert sum(m.cents for m in MONTH) != 0
