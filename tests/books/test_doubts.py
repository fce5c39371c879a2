"""What keeps a good-looking answer from being certain: a sister, another's word, a second number, a stranger."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from finchat.books.documents import Books, Contact, Document
from finchat.books.findings import findings
from finchat.books.matching import Verdict, match
from tests.books.make import DAY, books, invoice, line, paid, payment


def of(name: str, number: str, due: str) -> Document:
    return replace(invoice(number, "kauri", due), contact_id=name, contact=name)


def answer(held: Books, *names: str) -> Verdict:
    (found, *_) = match(replace(held, contacts=tuple(Contact(id=n, name=n) for n in names)))
    return found


@pytest.mark.parametrize(
    ("text", "payer", "others"),
    [
        ("SILBERFARN ZAHNARZT", "Silberfarn Klempner", ()),
        ("JOHN SMITHERS", "Joan Smithers", ()),
        ("HABEN ZINSEN", "Zinsen Gruppe", ()),
        ("VELVET HARBOUR HOLDIN", "Velvet Harbour Ltd", ("Velvet Harbour Holdings Ltd",)),
        ("COPPER QUILL TRUST", "Copper Quill Ltd", ("Copper Quill Trust",)),
    ],
)
def test_an_exact_amount_under_a_name_that_is_not_quite_theirs_is_left_to_a_person(
    text: str, payer: str, others: tuple[str, ...]
) -> None:
    held = books(line(text, "330.31"), documents=(of(payer, "QX-4", "330.31"),))
    found = answer(held, payer, *others)
    assert (found.certain, found.settlements) == (False, ())


def test_a_sister_named_by_her_own_word_is_paid_though_others_close_their_names_with_it() -> None:
    names = ("Brumaire Lamps North", "Brumaire Lamps South", "Ibex North", "Otter Mills North", "Gale Yards North")
    documents = (of(names[0], "QX-1", "42.10"), of(names[1], "QX-2", "42.10"))
    named = answer(books(line("BRUMAIRE LAMPS NORTH", "42.10"), documents=documents), *names)
    assert [s.document_id for s in named.settlements] == ["doc-QX-1"]
    unnamed = answer(books(line("BRUMAIRE LAMPS", "42.10"), documents=documents), *names)
    assert (unnamed.certain, unnamed.situation) == (False, "ambiguous")
    assert len(unnamed.suggestions) == 2


def test_a_number_written_like_ours_that_nobody_bears_keeps_the_name_from_being_enough() -> None:
    held = books(line("DROMEDAR REISEN QX/2026/61", "64.64"), documents=(of("Dromedar Reisen", "QX/2026/62", "64.64"),))
    found = answer(held, "Dromedar Reisen")
    assert not found.certain
    assert found.suggestions[0].settlements[0].document_id == "doc-QX/2026/62"


def test_a_second_number_may_take_its_part_so_a_part_payment_is_not_certain() -> None:
    documents = (of("Vexillum Fahnen", "QX-901", "1210.00"), of("Orbis Globen", "QX-911", "430.00"))
    found = answer(
        books(line("VEXILLUM FAHNEN QX-901 NOT QX-911", "430.00"), documents=documents),
        "Vexillum Fahnen",
        "Orbis Globen",
    )
    assert (found.certain, found.settlements) == (False, ())


def test_a_number_alone_pays_no_part_while_another_document_is_due_in_just_that_amount() -> None:
    documents = (of("Vexillum Fahnen", "QX-5302", "2044.63"), of("Orbis Globen", "QX-5320", "112.00"))
    names = ("Vexillum Fahnen", "Orbis Globen")
    found = answer(books(line("GUTSCHRIFT QX-5302", "112.00"), documents=documents), *names)
    assert (found.certain, found.settlements) == (False, ())
    alone = answer(books(line("GUTSCHRIFT QX-5302", "112.00"), documents=documents[:1]), *names)
    assert (alone.situation, alone.certain) == ("part_payment", True)


@pytest.mark.parametrize(("days", "certain"), [(2, False), (30, True)])
def test_as_much_once_more_within_days_and_without_a_number_may_be_one_payment_made_twice(
    days: int, certain: bool
) -> None:
    documents = (of("Vexillum Fahnen", "QX-901", "199.00"), of("Vexillum Fahnen", "QX-944", "199.00"))
    held = books(
        line("VEXILLUM FAHNEN", "199.00", "again", date=DAY + dt.timedelta(days=days)),
        line("VEXILLUM FAHNEN QX-901", "199.00", "first"),
        documents=documents,
    )
    again = answer(held, "Vexillum Fahnen")
    assert again.certain is certain
    if not certain:
        assert "made twice" in again.reason
        assert again.suggestions[0].settlements[0].document_id == "doc-QX-944"


def test_one_document_or_several_others_of_the_same_sum_are_left_to_a_person_and_to_no_other_line() -> None:
    amounts = {"QX-1": "1200.00", "QX-2": "500.00", "QX-3": "700.00"}
    documents = tuple(of("Vexillum Fahnen", number, due) for number, due in amounts.items())
    found = answer(books(line("VEXILLUM FAHNEN", "1200.00"), documents=documents), "Vexillum Fahnen")
    assert (found.certain, found.settlements) == (False, ())
    assert "sum to the line as well" in found.reason


def test_a_sister_who_owes_just_that_keeps_a_sum_from_being_certain() -> None:
    names = ("Vexillum Fahnen", "Vexillum Fahnen Export Ltd")
    documents = (of(names[0], "QX-1", "611.37"), of(names[0], "QX-2", "402.18"), of(names[1], "QX-3", "1013.55"))
    held = books(line("VEXILLUM FAHNEN", "1013.55"), documents=documents)
    assert not answer(held, *names).certain


def test_one_customers_name_with_anothers_number_is_left_to_a_person() -> None:
    documents = (of("Oblast Karton", "QX-503", "606.06"), of("Quendi Papier", "QX-504", "606.06"))
    found = answer(books(line("OBLAST KARTON QX-504", "606.06"), documents=documents), "Oblast Karton", "Quendi Papier")
    assert (found.certain, found.settlements) == (False, ())
    assert found.suggestions


def test_a_number_that_reads_as_the_day_names_nothing_by_itself() -> None:
    held = books(line("KASSE 18112026", "77.78"), documents=(of("Rotdorn Schule", "18112026", "77.78"),))
    assert not answer(held, "Rotdorn Schule").certain


def test_a_strangers_line_claimed_by_amount_alone_is_said() -> None:
    document = paid(of("Betelgeuse Ofen", "QX-13", "412.12"))
    held = books(
        line("ZHANG WEI TRADING", "412.12"),
        documents=(document,),
        payments=(payment(document, "412.12"),),
    )
    found = answer(held, "Betelgeuse Ofen")
    assert (found.status, found.certain) == ("already_settled", False)
    (told,) = findings(held, [found])
    assert told.code == "claimed_by_amount"
    assert "zhang wei" in told.text
    silent = answer(replace(held, lines=(line("", "412.12"),)), "Betelgeuse Ofen")
    assert (silent.status, silent.certain) == ("already_settled", True)
