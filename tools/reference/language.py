"""The pages of the declared language, of events and effects, and of every sentence people read."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from taktflow.definitions.kinds import KINDS
from taktflow.runtime.effects import Effect
from taktflow.runtime.events import Event
from taktflow.texts import catalogue
from tools.reference.markdown import code, first_sentence, page, table
from tools.reference.schemas import settings_table


def kinds() -> str:
    """Each kind of definition with all its fields."""
    return page(
        "Kinds of definition",
        "Every document begins with `kind`, `id` and `title`. Words are written `{zh: ..., en: ...}`, "
        "and a value is a literal unless it is written `{$: FEEL}`. "
        "The JSON Schemas that editors complete and check with come from the same models.",
        *(
            f"## {kind}\n\n{first_sentence(model.__doc__)}\n\n{settings_table(model.model_json_schema(by_alias=True))}"
            for kind, model in KINDS.items()
        ),
    )


def events() -> str:
    """What can happen to an instance and what a decision owes the world."""
    return page(
        "Events and effects",
        "`decide(plan, state, event)` answers with the next state, step records and effects, all committed at once.",
        "## Events",
        *(_shape(kind) for kind in get_args(Event)),
        "## Effects",
        *(_shape(kind) for kind in get_args(Effect)),
    )


def _shape(kind: type) -> str:
    held = ", ".join(code(f.name) for f in fields(kind))
    return f"### {kind.__name__}\n\n{first_sentence(kind.__doc__)}\n\nHolds {held}."


def messages() -> str:
    """The catalogue of sentences, by the first word of their code."""
    areas: dict[str, list[str]] = {}
    for name in sorted(catalogue()):
        areas.setdefault(name.partition(".")[0], []).append(name)
    return page(
        "Messages",
        "Every error and finding has a code and a sentence that says what to do. Over HTTP the code is the `code` of "
        "the problem document; `{name}` is filled with what was wrong.",
        *(f"## {area}\n\n{_sentences(names)}" for area, names in areas.items()),
    )


def _sentences(names: list[str]) -> str:
    words = catalogue()
    return table(("code", "English", "中文"), [(code(n), words[n].en, words[n].zh) for n in names])
