# ruff: noqa: E501
"""The words by which banks of many countries head their columns, folded to plain lower case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal[
    "date", "value_date", "amount", "debit", "credit", "sign", "balance", "payee", "narration", "reference", "account",
    "own_account", "id", "currency", "status", "fee",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)

# In this order: the first pattern that fits the whole folded header (words joined by one space) names the role.
_PATTERNS: tuple[tuple[Role, str], ...] = (
    ("sign", r"(debit|soll|dr|d|af|cargo|dare|s|debet) (or |oder )?(credit|haben|cr|c|bij|abono|avere|h|kredit)( .*)?"
             r"|(credit|cr|haben|c) (debit|dr|soll|d)( .*)?|crdr|drcr|dc|sens|indicator|credit debit indicator|sign"
             r"|vorzeichen|direction|in out|mutatiesoort d c"),
    ("value_date", r".*(value date|valuta ?dat|valutadato|wertstellung|wert|rentedatum|interest date|date (de )?valeur"
                   r"|data valuta|fecha (de )?valor|data waluty|valor date|effective date|arvopaiva|val date).*|valuta"),
    ("balance", r".*(balance|saldo|solde|kontostand|saldi|salde|running total|zustatek).*|.*\bbal"),
    ("reference", r"payments? (ref|references?|ids?|numbers?|no|nr|code)( .*)?"),
    ("narration", r"payments? (details?|types?|methods?|texts?|descriptions?|purposes?)( .*)?"),
    ("debit", r"lastschrift( in [a-z]{3})?"),
    ("debit", r".*(debit|debet|debito|soll|belastung|withdrawal|withdrawn|paid out|money out|out ?flow|ausgang|ausgabe"
              r"|cargo|dare|uscite|uitgaven|gastos?|uttag|obciazenia|wydatki|spent|payments?|depenses).*|af|out|sorties?"),
    ("credit", r".*(credit|kredit|credito|haben|gutschrift|deposit|paid in|money in|in ?flow|eingang|einnahme|abonos?"
               r"|avere|entrate|inkomsten|ingresos?|insattning|uznania|wplywy|received|receipts?|recettes).*|bij|in"
               r"|entrees?"),
    ("fee", r"fees?|charges?|commission|gebuhr|gebuhren|frais"),
    ("status", r"(.* )?(status|state|etat|estado|stato)( .*)?"),
    ("account", r"iban .*(zahl|empf|beg|gegen|auftragg|tegen|contra|counter|payee|benef).*"),
    ("own_account", r"auftragskonto|(my|own|eigene[sn]?|this) .*|(iban )?(account|konto|rekening|compte|cuenta|conto|bank "
                    r"account)( ?(number|no|nr|nummer|num))?( iban)?|kontonummer|rekeningnummer|iban( bban)?( \w+)?"
                    r"|numero (de )?(compte|conto|cuenta)|iban auftragskonto"),
    ("account", r".*(counterparty|tegenrek\w*|gegenkonto|other party|beneficiary|payee|partner|contre\w*|contra\w*|zahl\w*"
                r"|empfanger|beguenst\w*|begunst\w*|naar|to) ?.*(account|iban|konto|rekening|compte|cuenta|nummer|bban).*"
                r"|tegenrekening\w*|gegenkonto\w*|kontonummer iban|konto ?nr gegen.*|other party account.*|counter account"),
    ("id", r"(bank )?(transaction|transaktions?|entry|unique|fit|transaction unique)? ?id( number)?|fitid|volgnr|volgnummer"
           r"|transaction ?identifier|lfd nr|transaktions?nummer|archivierungs\w*|arkistointitunnus|unique id"),
    ("currency", r".*(currency|ccy|wahrung|waehrung|devise|moneda|divisa|munt|muntsoort|waluta|mena|curr)( .*)?"),
    ("amount", r".*(amount|betrag|bedrag|montant|importe|importo|umsatz|belopp|belob|beloep|summe|summa|kwota|castka|valor"
               r"|monto|maara).*|value|sum|transaction value"),
    ("date", r".*(date|datum|buchungstag|boekdatum|fecha|data|posted|booking|booked|dato|pvm|paiva\w*|dag).*|buchung"),
    ("reference", r".*(reference|referenz|referentie|referencia|riferimento|kenmerk|viite|cheque|check|mandat\w*).*"
                  r"|ref|code|serial|kundenreferenz|variable symbol|variabilni symbol|vs|ocr|analysis code"),
    ("narration", r".*(description|details?|narrative|memo|particulars|verwendungszweck|buchungstext|omschrijving"
                  r"|mededeling\w*|libelle|concepto|descripcion|descrizione|causale|communication|notes?|purpose|betreff"
                  r"|tytul|opis|popis|zprava|message|meddelande|informa\w*|remittance|motif|motivo|selite|viesti|vwz"
                  r"|transaction text|text|tekst).*|(tran|transaction)( type)?|type"),
    ("payee", r".*(payee|name|beneficiary|counterparty|empfanger|empfaenger|auftraggeber|begunstigter|beguenstigter"
              r"|zahlungspflichtiger|naam|tegenpartij|nom|beneficiario|nombre|merchant|other party|partner|contact|saaja"
              r"|maksaja|mottagare|avsender|kontrahent|nazev|debtor|creditor|from|to).*"),
)  # fmt: skip
_COMPILED = tuple((role, re.compile(pattern)) for role, pattern in _PATTERNS)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands in a column that says which way the money went.
DEBIT_WORDS = _words(
    "d dr db dbit debit debet debito s soll af out uit spend payment withdrawal cargo dare sortie adeudo belastung "
    "lastschrift paid spent minus - ausgang expense w"
)
CREDIT_WORDS = _words(
    "c cr crdt credit kredit credito h haben bij in receive receipt deposit abono avere entree gutschrift received "
    "plus + eingang income"
)
PENDING_WORDS = _words(
    "pending vorgemerkt vormerkung authorised authorized reserved attente pendiente gereserveerd declined reverted "
    "failed cancelled canceled"
)
# Of several columns of dates: the day of the booking; of several amounts: those in another currency or before costs.
BOOKING_WORDS = _words(
    "booking booked posting posted post completed buchung buchungstag buchungsdatum boekdatum boeking bokforingsdag "
    "bokforingsdatum bogforingsdato ksiegowania comptable comptabilisation contabile contable kirjauspaiva settled"
)
FOREIGN_WORDS = _words(
    "original ursprungsbetrag ursprung oryginalna oryginalnej origine origen originale originele foreign "
    "foreigncurrencyamount local instructed source target fremdbetrag fremdwahrung billing gross brutto vat tax fee fees "
    "net detail einzelbetrag"
)
CARD_WORDS = _words("cardmember cardholder kartennummer karteninhaber carte kartnummer kort card")
BOOKED_WORDS = _words("booked gebucht posted completed settled cleared geboekt comptabilise contabilizado zaksiegowano")
OPENING_WORDS = _words(
    "opening initial begin beginning start starting previous anfangssaldo anfangs alter beginsaldo begin inicial "
    "iniziale ancien brought anfangsbestand anterior precedente precedent prior poczatkowe ingaende"
)
CLOSING_WORDS = _words(
    "closing final end ending endsaldo neuer eindsaldo eind finale nouveau carried endbestand schlusssaldo fin koncowe utgaende"
)
BALANCE_WORDS = _words(
    "balance saldo solde kontostand stand anfangssaldo endsaldo beginsaldo eindsaldo schlusssaldo anfangsbestand "
    "saldos saldi balances zustatek endbestand bestand total totals totaal summe suma somme totale sum gesamt totaux"
)
_LONGEST = 80
_CACHE: dict[str, Role | None] = {}


def role_of(header: str) -> Role | None:
    """The role that a folded header names, None for one that names none."""
    if len(header) > _LONGEST:
        return None
    if header not in _CACHE:
        _CACHE[header] = next((role for role, pattern in _COMPILED if header and pattern.fullmatch(header)), None)
    return _CACHE[header]


# The order in which a person names columns with --csv-columns, and what each is.
NAMED: Mapping[str, str] = {
    "date": "day of the booking", "amount": "signed amount", "debit": "money out", "credit": "money in",
    "sign": "a word for in or out", "balance": "balance after the row", "payee": "name of the other side",
    "narration": "the bank's text, several joined by +", "reference": "reference", "account": "account of the other side",
    "id": "the bank's own id", "currency": "currency",
}  # fmt: skip
