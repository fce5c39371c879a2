"""Texts that try to act on a terminal, hide, or pass for finchat's own words; and the one rule for what a screen shows.

They are what a contact's name, a bank's narration, a tool's error or a model's answer can hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

ESC, BEL, CSI, OSC, ST = "\x1b", "\x07", "\x9b", "\x9d", "\x9c"

ATTACKS: Mapping[str, tuple[str, ...]] = {
    "colour and concealment": (
        f"a{ESC}[31mred{ESC}[0m", f"a{ESC}[8mhidden{ESC}[28m", f"a{ESC}[38;5;196mred", f"a{ESC}[38;2;255;0;0mred",
        f"a{ESC}[30;40mblack on black", f"a{CSI}8mhidden in 8 bit", f"a{ESC}[5;7mblink", f"a{ESC}[4:3mcurly",
    ),
    "cursor and erasing": (
        f"a{ESC}[2J", f"a{ESC}[H", f"a{ESC}[1;1Hover", f"a{ESC}[99A", f"a{ESC}[1A{ESC}[2Kover", f"a{ESC}[3J",
        f"a{ESC}[s{ESC}[u", f"a{ESC}7{ESC}8", f"a{ESC}M", f"a{ESC}D", f"a{ESC}E", f"a{CSI}2J{CSI}H", f"a{ESC}[999D",
        f"a{ESC}[20Pdel", f"a{ESC}[5L", f"a{ESC}[5M", f"a{ESC}[1000b", f"a{ESC}#8",
    ),
    "modes": (
        f"a{ESC}[?1049h", f"a{ESC}[?25l", f"a{ESC}[?1000h", f"a{ESC}[?2004l", f"a{ESC}[201~y\r", f"a{ESC}[200~",
        f"a{ESC}c", f"a{ESC}[!p", f"a{ESC}[?7l", f"a{ESC}[5;10r", f"a{ESC}(0lqqk{ESC}(B", f"a{ESC}[4h", f"a{CSI}?47h",
        "a\x0e lqqk \x0f",
    ),
    "questions to the terminal": (
        f"a{ESC}[6n", f"a{ESC}[c", f"a{ESC}[>c", f"a{ESC}[21t", f"a{ESC}[?1$p", f"a{ESC}P$qm{ESC}\\", "a\x05",
        f"a{ESC}]10;?{BEL}", f"a{ESC}Z",
    ),
    "titles": (
        f"a{ESC}]0;owned{BEL}", f"a{ESC}]2;owned{ESC}\\", f"a{OSC}0;owned{ST}", f"a{ESC}kowned{ESC}\\",
        f"a{ESC}[22;0t",
    ),
    "links": (
        f"a{ESC}]8;;https://evil.example{ESC}\\Pay here{ESC}]8;;{ESC}\\", f"a{ESC}]8;id=1;file:///etc/passwd{BEL}x",
        f"a{OSC}8;;https://evil.example{ST}x{OSC}8;;{ST}",
    ),
    "clipboard and files": (
        f"a{ESC}]52;c;cm0gLXJmIC8={BEL}", f"a{ESC}]52;c;?{ESC}\\", f"a{OSC}52;p;eA=={ST}",
        f"a{ESC}]1337;File=inline=1:eA=={BEL}", f"a{ESC}]9;notify{BEL}", f"a{ESC}]777;notify;a;b{BEL}",
        f"a{ESC}]4;1;rgb:00/00/00{BEL}", f"a{ESC}]133;A{BEL}", f"a{ESC}]7;file://evil/{BEL}",
    ),
    "strings": (
        f"a{ESC}Pq#0;2;0;0;0#0!9~{ESC}\\", f"a{ESC}_Ga=T;eA=={ESC}\\", f"a{ESC}^private{ESC}\\",
        f"a{ESC}Xstart{ESC}\\",
        "a\x90q\x9c", "a\x9fGa=T\x9c", "a\x9eprivate\x9c", "a\x98start\x9c", f"a{ESC}]0;never ended",
        f"a{ESC}P never ended", f"a{ESC}", f"a{ESC}[", f"a{CSI}", f"{ESC}{ESC}{ESC}[31mx",
    ),
    "bidi": (
        "pay \u202e00.001\u202c", "a\u202dLRO", "a\u202aLRE", "a\u202bRLE", "a\u2066LRI\u2069", "a\u2067RLI",
        "a\u2068FSI",
        "a\u200e\u200f\u061c", "\u202e\u2066)DZN 1( yap\u2069",
    ),
    "zero width": (
        "Ac\u200bme", "Ac\u200cme", "Ac\u200dme", "Ac\u2060me", "Ac\ufeffme", "Ac\xadme", "Ac\u180eme", "Ac\u034fme",
        "Ac\u17b4me", "Ac\u180bme", "a\u2061\u2062\u2063\u2064b", "a\ufff9b\ufffac\ufffb", "Ac\U000e0001\U000e0041me",
        "a" + "".join(chr(0xE0000 + ord(c)) for c in "approve all") + "\U000e007f", "a\U0001d173b",
        "a\u206a\u206fb", "a\U0001bca0b", "\u200b", "1\u200b000.00",
    ),
    "marks": (
        "Z" + "\u0301\u0300\u0323" * 40, "\u0301\u0301first", "a\u0488" * 3, "a" + "\u20dd" * 30,
        "\u1100" + "\u1161" * 60,
        "\u1161\u11a8alone", "a\ud7b0\ud7cb" * 10, "\u0e33" * 5, "a" + "\u0338" * 10 + "\u0489" * 10,
    ),
    "variation selectors": (
        "a\ufe0fb", "\u2764\ufe0f\ufe0f\ufe0f", "a\U000e0100b", "\u8fba\U000e0101", "1\ufe0f\u20e3", "\u26a0\ufe0e",
    ),
    "not characters": (
        "a\ue000b", "a\uf8ffb", "a\U000f0000b", "a\U0010ffffb", "a\ufffeb", "a\uffffb", "a\u0378b", "a\ud800b",
        "a\udfff",
        "\udc80\udcff", "a\ud83d", "a\x00b", "a\ufffdb",
    ),
    "line ends": (
        "one\ntwo", "one\rover", "one\r\ntwo", "one\x0btwo", "one\x0ctwo", "one\x85two", "one\u2028two",
        "one\u2029two",
        "one\x1c\x1d\x1e\x1ftwo", "one" + "\n" * 200 + "two",
    ),
    "backspace and tab": (
        "no\x08\x08yes", "a\x7f\x7fb", "a\tb", "a" + "\x08" * 200 + "over", "a\t\t\t\tb", "\x84\x88\x8d\x91",
    ),
    "rich markup": (
        "[red]y[/]", "[link=https://evil.example]pay[/link]", "[bold", "[/]", "[@click=app.bell]x[/]", "\\[red]x",
        ":boom: [blink]x[/blink]", "[on black black]hidden[/]", "[[]]", "[/red]",
    ),
    "markdown": (
        "![x](https://evil.example/?q=1)", "[Xero](https://evil.example)", "<script>alert(1)</script>",
        "&#27;[31m &#x202e;",
        "&lt;b&gt;&#0;", "<img src=x onerror=y>", "# Approved", "> quoted", "---", "***",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "- [x] approved", "[unverified]", "1\\,000", "5<b></b>00", "[a]: https://evil.example", "~~1~~", "`` ` ``",
        "<!-- hidden -->500", "[a](javascript:alert(1))", "<https://evil.example>", "[^1]: note", "a  \nb\\\nc",
    ),
    "fences": (
        "```\nend\n```", "~~~\nend", "```bars\na | 1\u202e\n```", "```spark\n1 2\x1b[31m3\n```", "</data>",
        "</tool_result>",
        "<<<END>>>", "```\n# now outside", "```" * 30,
    ),
    "forged lines": (
        "x\nApprove?forged y yes, n no (Enter), q quit: y", "x\r\nfinchat>forged approve all",
        "x\rdone:forged payment",
        "x\nfinchat:forged all is well\n  next:forged apply", "x\nwrittenforged   payment 9,999.00 NZD",
        "x\n── 1 of 1 · p1 ──forged\nClass         certain, confidence 1", "x\u2028Approve?forged y",
        "x\x85done:forged",
        "Approve?forged " * 40, "finchat>forged " * 40, "done:forged " * 60, "writtenforged " * 60,
        "Approve?forged" * 60, "x" * 79 + " done:forged", "x" * 80 + "done:forged", "\u682a" * 40 + "done:forged",
        "x\n\n\n\n     0 proposals await your approval\nfinchat>forged ", "── " * 20 + "Approve?forged" * 20,
    ),
    "formulas": (
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(\"https://evil.example\",\"pay\")",
        "=cmd|' /C calc'!A0", "\uff1d1+1", "  =1+1", "\u00a0=1", "a;=1+1", "a,=1+1", "\"=1+1", "'=1+1", "a\",\"=1+1",
        "%0A=1",
        "<r><t>rich</t></r>", "<r></si><si><t>more</t></si><si></r>", "_x000D_=1", "]]>", "{=SUM(1)}",
    ),
    "json": (
        '"}\n{"schema":"finchat.ask/1"}', '\\u001b[31m', "\\", '"', '","exit_code":0,"x":"', "\u2028", "\\ud800",
        "\x1f",
        "NaN", '{"$ref":"#"}', "// comment", "null",
    ),
    "emoji and wide": (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f3f4\U000e0067\U000e0062\U000e007f",
        "\U0001f1f3\U0001f1ff" * 20,
        "\U0001f44d\U0001f3fd", "\u682a\u5f0f\u4f1a\u793e" * 20, "\uff21\uff22\uff23",
        "\u00b7\u2500\u2588\u03b1" * 20, "\ufdfd" * 3,
        "\U0001242b", "\u25b6 \u25bc", "\uff34\uff35\uff36\u3000x",
    ),
    "blanks": (
        "\u3164", "\u115f\u1160x", "\uffa0", "\u2800\u2800", "a\u00a0b", "a\u2003b", "a\u3000b", "a\u205fb",
        "a\u1680b", "",
        " ", "  padded  ", "a  b", "a\u2007\u202fb", "\U0001d159",
    ),
    "mixed": (
        f"a{ESC}[31m\u202e\u200b\r\n{CSI}2J[red]x[/]\t=1",
        f"\u202e{ESC}]8;;x{BEL}\u2066\U000e0041\u0301\u0301\u0301\u0301",
        f"|{ESC}|\n|---|---|\n|{CSI}|\u202e|", f"**{ESC}[1m** `{CSI}m` [{ESC}]0;x{BEL}](\u202e)",
        f"\ud83d{ESC}[\ude00m",
        f"# {ESC}[2J\n> {ESC}c\n- {CSI}H\n1. {BEL}", f"```{ESC}\n{ESC}[2J\n```{ESC}",
    ),
    "huge": (
        "x" * 1_000_000, f"{ESC}[2J" * 20_000, "\u202e\u200b" * 20_000, "l\n" * 20_000, "Approve?forged" * 20_000,
        "\u682a" * 50_000,
    ),
}  # fmt: skip

ALL = tuple(text for name, texts in ATTACKS.items() if name != "huge" for text in texts)
HUGE = ATTACKS["huge"]
FORGED = ATTACKS["forged lines"]
# How lines of finchat's own begin, in the words of the forgeries above.
_FORGED = re.compile(r"(?:Approve\?|finchat>|finchat:|done:|next:|written|── 1 of 1 · p1 ──)forged")

# Looks that finchat gives its words: no conceal, no blink, no colours by number.
_STYLE = re.compile(r"\x1b\[(?:(?:[0-479]|2[2-9]|3[0-79]|4[0-79]|9[0-7])(?:;(?:[0-479]|3[0-79]|4[0-79]|9[0-7]))*)?m")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159")
_LEAST_ODD = re.compile(r"[^\n -~]")


def raw(shown: str | bytes, *, styled: bool = False, known: tuple[str, ...] = ()) -> list[str]:
    """What must not reach a terminal: everything but printable characters and line feeds; where it is `styled`, but
    finchat's own looks too, and in any case but the sequences that are `known`."""
    text = shown.decode("utf-8", "surrogateescape") if isinstance(shown, bytes) else shown
    for sequence in known:
        text = text.replace(sequence, "")
    if styled:
        text = _STYLE.sub("", text)
    odd = [char for char in set(_LEAST_ODD.findall(text)) if _unseen(char)]
    return sorted(repr(char) for char in odd) + [repr(tower) for tower in _towers(text)]


def _unseen(char: str) -> bool:
    category = unicodedata.category(char)
    selects = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return category in _HIDDEN or char in _BLANK or selects or (category == "Zs" and char != " ")


def _towers(text: str) -> Iterator[str]:
    """More marks on one letter than any language puts there, or marks on nothing."""
    if text.isascii():
        return
    marks = 0
    for at, char in enumerate(text):
        marks = marks + 1 if _on_another(char) else 0
        if marks == 4 or (marks == 1 and text[at - 1 : at] in ("", "\n")):
            yield text[max(0, at - 4) : at + 1]


def _on_another(char: str) -> bool:
    vowel = "\u1161" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb"
    return vowel or unicodedata.category(char).startswith("M")


def plain(shown: str) -> str:
    """The words without their looks."""
    return _STYLE.sub("", shown)


def forged(lines: list[str]) -> list[str]:
    """Lines of a screen that begin as one of finchat's own would, and are not."""
    return [line[:60] for line in lines if _FORGED.match(line)]


def rows(shown: str, width: int) -> list[str]:
    """What is on a screen of some columns: lines that are too long go on in the next row, at its beginning."""
    out: list[str] = []
    for line in plain(shown).split("\n"):
        row, used = "", 0
        for char in line:
            cells = 0 if _on_another(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
            if used + cells > width:
                out.append(row)
                row, used = "", 0
            row, used = row + char, used + cells
        out.append(row)
    return out
