"""What a plan calls records is what the ledger calls them, or it is said which is not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finchat.books.documents import Coding, Organisation
from finchat.books.plan import Balances, CreditName, Link, Plan, Proposal, Write
from finchat.providers.quickbooks.writes.applications import credit_text
from finchat.providers.writing.parts import Place, gathered_links
from tests.providers.quickbooks.opened import WEEK, opened
from tests.sandbox.quickbooks.seeded import NOW, TODAY


def plan_of(organisation: Organisation, before: Balances, *links: Link) -> Plan:
    proposal = Proposal(
        id="p1", line_id="", kind="payment", certainty="review", confidence=Decimal(1), evidence=(), rival=None,
        links=links, writes=(),
    )  # fmt: skip
    return Plan(
        id="P1", created_at=NOW, as_of=TODAY, organisation=organisation, server_fingerprint="", command=(),
        proposals=(proposal,), expected=before,
    )  # fmt: skip


async def test_every_kind_of_record_is_called_what_the_books_call_it() -> None:
    async with opened() as qb:
        books = await qb.provider.read_books(*WEEK, (), TODAY)
        organisation, before = await qb.provider.organisation(), await qb.provider.balances(TODAY)
        sold = {d.type: d for d in books.documents}
        links = [
            Link(
                id=f"d{n}", document_id=d.id, type=d.type, number=d.number, contact_id=d.contact_id,
                contact=d.contact, amount=d.total, currency=d.currency,
            )
            for n, d in enumerate(sold.values())
        ]  # fmt: skip
        links += [
            replace(links[0], id=f"c{n}", credit=CreditName(id=c.id, text=credit_text(c)))
            for n, c in enumerate(books.credits)
        ]
        links += gathered_links(Place("p1", "w9"), books.undeposited)
        plan = plan_of(organisation, before, *links)
        assert await qb.provider.misnamed(plan) is None
        for index in (0, 1, 2, len(links) - 1):
            link = links[index]
            wrong = replace(link, contact="Somebody Else") if link.credit is None else None
            wrong = wrong or replace(link, credit=CreditName(id=link.credit.id if link.credit else "", text="CN-1"))
            assert await qb.provider.misnamed(plan_of(organisation, before, *links[:index], wrong)) is not None
        gone = replace(links[0], document_id="999999")
        assert await qb.provider.misnamed(plan_of(organisation, before, gone)) == (
            f"the document 999999, there called '{gone.number} {gone.contact}', is not in the ledger"
        )


async def test_a_department_by_another_name_than_its_own_is_said() -> None:
    async with opened() as qb:
        organisation, before = await qb.provider.organisation(), await qb.provider.balances(TODAY)

        def said(option: str) -> Plan:
            link = Link(
                id="l", document_id="", type="spend_money", number="", contact_id="", contact="",
                amount=Decimal("9.00"), currency="USD", coding=Coding("9", "NON", (("Department", option),)),
            )  # fmt: skip
            write = Write(
                id="w1", operation="purchase.create", resource="purchases", tool="", tool_sha256="",
                arguments={"DepartmentRef": {"value": "1"}, "Line": []}, amount=Decimal("9.00"), currency="USD",
                link_ids=("l",), preconditions=(), effects=(), verify={},
            )  # fmt: skip
            plan = plan_of(organisation, before, link)
            return replace(plan, proposals=(replace(plan.proposals[0], writes=(write,)),))

        assert await qb.provider.misnamed(said("Austin")) is None
        wrong = "it calls department 1 'Dallas', and the ledger 'Austin'"
        assert await qb.provider.misnamed(said("Dallas")) == wrong
