"""Which of the two languages a reader wants."""

from __future__ import annotations

from taktflow.values import Language


def wanted_language(accept: str | None, otherwise: Language) -> Language:
    """The language that an ``Accept-Language`` header prefers among ours; ``otherwise`` when it names neither."""
    best: tuple[float, Language] | None = None
    for part in (accept or "")[:400].split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        language = _ours(tag.strip())
        weight = _weight(parameter)
        if language and weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return best[1] if best else otherwise


def _ours(tag: str) -> Language | None:
    match tag.split("-")[0]:
        case "zh":
            return "zh"
        case "en":
            return "en"
        case _:
            return None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
