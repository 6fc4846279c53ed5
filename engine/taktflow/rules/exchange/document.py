"""Decision tables and formulas as canonical YAML: a fixed order of keys, one column and one row on a line.

Two tables that mean the same settings are the same text, so that a version control system's differences show what
changed and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import simplejson

from taktflow.definitions.canonical import canonical
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.scalars import ScalarWrong, plain_scalar
from taktflow.values import Json

_LISTED = ("inputs", "outputs", "rows")
_LAST = ("crosstab", "rows", "layout")
_PLAIN = re.compile(r"[^\W_](?:[\w./+%*()-]|(?<! ) (?! ))*")
_LONGEST_PLAIN = 60
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def written(definition: Envelope) -> str:
    """``definition`` as YAML that reads back as an equal definition; comments are not kept."""
    return "".join(f"{line}\n" for line in _lines(canonical(definition)))


def _lines(document: Mapping[str, Json]) -> Iterator[str]:
    first = [key for key in document if key not in _LAST]
    for key in (*first, *(key for key in _LAST if key in document)):
        value = document[key]
        if key in _LISTED and isinstance(value, list) and value:
            yield f"{key}:"
            yield from (f"  - {_flow(item)}" for item in value)
        elif key == "crosstab" and value:
            yield f"{key}:"
            for sheet in value:
                yield from _sheet(sheet)
        else:
            yield f"{key}: {_flow(value)}"


def _sheet(sheet: Mapping[str, Json]) -> Iterator[str]:
    lead = "  - "
    for key, value in sheet.items():
        if key in ("across", "rows") and isinstance(value, list) and value:
            yield f"{lead}{key}:"
            yield from (f"      - {_flow(item)}" for item in value)
        else:
            yield f"{lead}{key}: {_flow(value)}"
        lead = "    "


def _flow(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case str():
            return _text(value)
        case Mapping():
            return "{" + ", ".join(f"{_text(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
        case _:
            return "[" + ", ".join(_flow(item) for item in value) + "]"


def _text(text: str) -> str:
    if len(text) <= _LONGEST_PLAIN and _PLAIN.fullmatch(text) and _reads_back(text):
        return text
    quoted: str = simplejson.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _reads_back(text: str) -> bool:
    try:
        return bool(plain_scalar(text) == text)
    except ScalarWrong:
        return False
