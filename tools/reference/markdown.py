"""The few Markdown shapes that the reference is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def page(title: str, intro: str, *sections: str) -> str:
    """A whole page; ``sections`` are blocks that stand apart."""
    return "\n\n".join([f"# {title}", GENERATED, intro.strip(), *(s.strip("\n") for s in sections if s)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing when it has no rows."""
    lines = [_row(row) for row in rows]
    return "\n".join([_row(head), "|" + " --- |" * len(head), *lines]) if lines else ""


def code(text: str) -> str:
    """``text`` as code, or nothing when it is empty."""
    return f"`{text}`" if text else ""


def first_sentence(doc: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((doc or "").strip().split("\n\n")[0].split())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


GENERATED = "<!-- Written by `make reference`; change the code, not this page. -->"
