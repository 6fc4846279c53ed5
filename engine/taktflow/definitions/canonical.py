"""One form for every way of writing a definition: shorthands written out, keys in the order of the model.

Keys that were not written stay out, so that a form's field still takes them from its entity; the order of named parts
(nodes, fields) is the author's, because people see it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from taktflow.definitions.envelope import Envelope
from taktflow.values import Json, plain_dumps

_WITHOUT_MEANING = ("layout",)


def canonical(definition: Envelope) -> Json:
    """``definition`` as a JSON document that reads back as an equal definition."""
    document: Json = _listed(definition.model_dump(by_alias=True, exclude_unset=True))
    return document


def _listed(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {k: _listed(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(v) for v in value]
    return value


def content_hash(definition: Envelope) -> str:
    """The SHA-256 (hex) of what ``definition`` means: a box moved in the drawing leaves it as it is."""
    meaning = {k: v for k, v in canonical(definition).items() if k not in _WITHOUT_MEANING}
    return hashlib.sha256(plain_dumps(meaning).encode()).hexdigest()
