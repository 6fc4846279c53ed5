"""Fills the blanks of a declared request: ``{name}`` in texts, ``{$input: path}`` in bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from taktflow.sdk import Json, NodeError, Text, Value, plain

_BLANK = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_VISIBLE = "".join(chr(c) for c in range(33, 127) if chr(c) != "%")
_MISSING = object()


def at_path(document: Value, path: str, default: Value = _MISSING) -> Value:
    """What lies at the dotted ``path`` (a number is a place in a list); ``KeyError`` without a default."""
    found = document
    for part in path.split(".") if path else ():
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        elif default is _MISSING:
            raise KeyError(path)
        else:
            return default
    return found


def given(data: Mapping[str, Value], path: str) -> Value:
    """What the caller gave at ``path``; NodeError ``rejected`` when it gave nothing."""
    try:
        return at_path(data, path)
    except KeyError:
        raise NodeError(
            "rejected",
            Text(
                zh=f"请求需要“{path}”，但流程没有给出；请在节点的 with 中填写它。",
                en=f"The request needs {path!r}, which the workflow did not give; add it to the node's with.",
            ),
        ) from None


def filled_path(path: str, data: Mapping[str, Value]) -> str:
    """``path`` with each ``{name}`` percent-encoded, so that no value reaches into another segment."""

    def segment(blank: re.Match[str]) -> str:
        text = as_text(given(data, blank[1]))
        if text in ("", ".", ".."):
            raise NodeError(
                "rejected",
                Text(
                    zh=f"“{blank[1]}”的值“{text}”不能放入网址；请检查数据。",
                    en=f"{blank[1]!r} is {text!r}, which cannot stand in an address; check the data.",
                ),
            )
        return quote(text, safe="")

    parts = _BLANK.split(path)
    fixed = [quote(part, safe="/:@!$&'()*+,;=~%") for part in parts[::2]]
    names = [segment(blank) for blank in _BLANK.finditer(path)]
    return "".join(piece for pair in zip(fixed, [*names, ""], strict=True) for piece in pair)


def filled_query(
    query: Mapping[str, str | Decimal | bool], data: Mapping[str, Value], lists: Literal["comma", "repeat"]
) -> str:
    """The query string, spaces as ``%20`` (some OData services refuse ``+``); entries that are null are left out."""
    pairs: list[tuple[str, str]] = []
    for name, template in query.items():
        pairs += [(name, text) for text in _query_texts(template, data, lists)]
    return "&".join(f"{quote(name, safe='$')}={quote(text, safe='')}" for name, text in pairs)


def _query_texts(
    template: str | Decimal | bool, data: Mapping[str, Value], lists: Literal["comma", "repeat"]
) -> list[str]:
    if not isinstance(template, str):
        return [as_text(template)]
    whole = _BLANK.fullmatch(template)
    if not whole:
        return [_BLANK.sub(lambda blank: as_text(given(data, blank[1])), template)]
    value = given(data, whole[1])
    if value is None:
        return []
    if isinstance(value, list) and lists == "repeat":
        return [as_text(v) for v in value]
    return [as_text(value)]


def as_text(value: Value) -> str:
    """``value`` as other systems read it in an address: exact numbers, ISO 8601 dates, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal() if value.is_finite() and abs(value.adjusted()) < 60:
            return format(value, "f")
        case list():
            return ",".join(as_text(v) for v in value)
        case _:
            return str(plain(value))


def filled_body(template: Json, data: Mapping[str, Value]) -> Json:
    """``template`` with every ``{$input: path}`` replaced; ``{$input: path, default: x}`` when it may be missing."""
    match template:
        case {"$input": str(path), **rest} if not rest:
            return given(data, path)
        case {"$input": str(path), "default": default, **rest} if not rest:
            return at_path(data, path, default)
        case Mapping():
            return {name: filled_body(part, data) for name, part in template.items()}
        case list() | tuple():
            return [filled_body(part, data) for part in template]
        case _:
            return template


def header_key(key: str) -> str:
    """``key`` as header text; different keys stay different, also those with Chinese in them."""
    return quote(key, safe=_VISIBLE)
