"""What a native table says and DMN has no place for: JSON in extension elements.

Whatever DMN does say is read from DMN: what stands in an extension counts only as long as it would be written as what
stands beside it, so a table that was changed in another tool is read as changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import simplejson
from pydantic import ValidationError

from taktflow.definitions.decision import Decision
from taktflow.rules.dmn.xml import Element
from taktflow.values import Json

EXTENSIONS = "urn:taktflow:dmn"
"""The namespace of the elements that are ours."""


def header_text(definition: Decision) -> str:
    """``definition`` without its rows."""
    header = definition.model_dump(by_alias=True, exclude_unset=True, exclude={"rows", "crosstab"})
    return json_text({**header, "kind": "decision"})


def json_text(value: Json) -> str:
    """``value`` in ASCII, so that no character is lost on its way through XML."""
    return str(simplejson.dumps(value, use_decimal=True, ensure_ascii=True))


def extension_in(element: Element) -> Element | None:
    """The element of ours among the extensions of ``element``."""
    extensions = element.first("extensionElements")
    if extensions is None:
        return None
    return next((c for c in extensions.children if c.space == EXTENSIONS), None)


def header_of(element: Element | None) -> Decision | None:
    """The definition whose header ``element`` holds; None when it holds none that can be read."""
    found = _json(element) if element is not None and element.tag == "definition" else None
    if not isinstance(found, dict):
        return None
    try:
        return Decision.model_validate({**found, "rows": ()})
    except ValidationError:
        return None


def cells_of(element: Element | None) -> Sequence[Any] | None:
    """The id and cells of a row as its author wrote them."""
    found = _json(element)
    if not isinstance(found, list) or not found:
        return None
    return found if all(isinstance(c, str | bool | int | Decimal | None) for c in found) else None


def _json(element: Element | None) -> Json:
    if element is None:
        return None
    try:
        return simplejson.loads(element.text, use_decimal=True)
    except (ValueError, RecursionError):
        return None
