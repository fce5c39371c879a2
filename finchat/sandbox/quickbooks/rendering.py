"""A form as a PDF: one page of its plain figures, which is all that a client of the sandbox can want of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finchat.sandbox.quickbooks.entities import Entity

_MOST_LINES = 50


def pdf(entity: Entity, shown: Mapping[str, Any]) -> bytes:
    """A valid PDF document that names the form, its party, its lines and its total."""
    party = (shown.get("CustomerRef") or shown.get("VendorRef") or {}).get("name", "")
    text = [f"{entity.name} {shown.get('DocNumber', shown['Id'])}", str(shown.get("TxnDate", "")), str(party), ""]
    for line in shown.get("Line", ()):
        text.append(f"{line.get('Description', line.get('DetailType', ''))}    {line.get('Amount', '')}")
    text = [
        *text[:_MOST_LINES],
        "",
        f"Total {shown.get('TotalAmt', '')} {shown.get('CurrencyRef', {}).get('value', '')}",
    ]
    shows = "\n".join(f"({_escaped(line)}) Tj T*" for line in text)
    content = f"BT /F1 11 Tf 14 TL 60 780 Td\n{shows}\nET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, content_of in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content_of)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    return made + head + table + tail


def _escaped(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text[:90])
    return plain.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
