"""Rows of tables, formulas and scorecards as sentences that their authors and those they concern can check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from taktflow.definitions.decision import Decision, DecisionInput, DecisionOutput
from taktflow.definitions.envelope import Words
from taktflow.definitions.formula import Formula, FormulaOutput, Part, ScoreBand, Scorecard
from taktflow.definitions.rows import WrittenRow, rows_of
from taktflow.expressions import Cell, ExpressionInvalid, parse, parse_cell
from taktflow.expressions.plain import plain, plain_test
from taktflow.rules.period import parse_period
from taktflow.rules.phrasing import phrased
from taktflow.rules.scorecard_reading import ordered, value_type
from taktflow.rules.typed import CELL_TYPES, cell_text
from taktflow.rules.words import short
from taktflow.values import Language, Text, Value, number_text


def row_in_words(definition: Decision, row: WrittenRow, language: Language) -> str:
    """``When product is P100 and quantity is from 100 to under 500, unit price is 11.80 USD.``

    A cell that cannot be read stands as it was written.
    """
    titles = titles_of(definition)
    texts = [cell_text(cell) for cell in row.cells]
    width = len(definition.inputs)
    asked = [_asked(definition, c, text, titles, language) for c, text in zip(definition.inputs, texts, strict=False)]
    glue = phrased("words.and", language, {})
    answers = glue.join(_answers(definition.outputs, texts[width:], titles, language))
    tests = glue.join(test for test in asked if test)
    code = "words.row" if tests else "words.row_always"
    return phrased(code, language, {"tests": tests, "answers": answers} if tests else {"answers": answers})


def rows_in_words(definition: Decision, language: Language) -> Iterator[tuple[str, str]]:
    """Every row's id with its sentence, those of cross-tabs too."""
    for row in rows_of(definition):
        yield cell_text(row.id), row_in_words(definition, row, language)


def formula_in_words(definition: Formula, language: Language) -> list[str]:
    """What the formula gives, then its steps or parts, one sentence each."""
    titles = titles_of(definition)
    title = definition.title.text()[language]
    if definition.scorecard is not None:
        told = list(_card(definition, definition.scorecard, titles, language))
    elif definition.expr is not None:
        told = [_is(title, _text(definition.expr, titles, language) + _shaped(definition.output, language), language)]
    else:
        told = []
    steps = [_is(name, _text(text, titles, language), language) for name, text in definition.steps.items()]
    sources = [
        _is(_titled(about.title, name, language), _text(about.expr, {}, language), language)
        for name, about in definition.inputs.items()
        if about.expr is not None and about.expr.strip() != name
    ]
    return [*told, *steps, *sources]


def result_in_words(definition: Formula, trace: Mapping[str, Any], language: Language) -> str:
    """Why the formula gave what its ``trace`` records: the result, the inputs and the steps that led to it."""
    if "scorecard" in trace:
        return str(trace["scorecard"]["told"][language])
    titles = {name: about.title for name, about in definition.inputs.items()}
    led = [
        phrased(
            "words.was",
            language,
            {"subject": _titled(titles.get(name), name, language), "value": _shown(value, language)},
        )
        for name, value in {**trace["inputs"], **trace["steps"]}.items()
    ]
    unit = f" {definition.output.unit}" if definition.output.unit else ""
    parts = {"subject": definition.title.text()[language], "value": short(trace["result"]) + unit}
    return phrased("words.result", language, {**parts, "led": ("，" if language == "zh" else ", ").join(led)})


def _shown(value: Value, language: Language) -> str:
    return phrased("words.missing", language, {}) if value is None else short(value)


def titles_of(definition: Decision | Formula) -> dict[str, Text]:
    """What people call the inputs, by the names that expressions use."""
    if isinstance(definition, Formula):
        return {name: i.title.text() for name, i in definition.inputs.items() if i.title is not None}
    found = {}
    for column in definition.inputs:
        if column.title is not None:
            found[column.id] = column.title.text()
            if column.expr is not None:
                found.setdefault(column.expr.strip(), column.title.text())
    # One title for an id and for where its value comes from is no ambiguity of theirs: the id gives way.
    return {n: t for n, t in found.items() if list(found.values()).count(t) == 1 or "." in n}


def _asked(
    definition: Decision, column: DecisionInput, text: str, titles: Mapping[str, Text], language: Language
) -> str:
    subject = _lower(_titled(column.title, column.id, language), language)
    if column.unit:
        subject = phrased("words.counted", language, {"subject": subject, "unit": column.unit})
    type_ = CELL_TYPES[column.type]
    try:
        cell = parse_period(text, type_) if column.id == definition.effective else parse_cell(text, type_)
    except ExpressionInvalid:
        return f"{subject}: {text}"
    return plain_test(cell, subject, language, titles)


def _answers(
    outputs: Sequence[DecisionOutput], texts: Sequence[str], titles: Mapping[str, Text], language: Language
) -> Iterator[str]:
    given = dict(zip((output.id for output in outputs), texts, strict=False))
    named = {output.currency for output in outputs if output.currency in given}
    for output in outputs:
        if output.id in named or output.id not in given:
            continue
        text = given[output.id]
        value = _answer(text, output, titles, language)
        unit = given.get(output.currency or "", output.currency) or output.unit
        subject = _lower(_titled(output.title, output.id, language), language)
        yield phrased("words.answer", language, {"subject": subject, "value": f"{value} {unit}" if unit else value})


def _answer(text: str, output: DecisionOutput, titles: Mapping[str, Text], language: Language) -> str:
    if text in ("", "-", "null"):
        return plain(parse("null"), language)
    if output.formula and text.startswith("="):
        return _text(text[1:].strip(), titles, language)
    return text


def _text(text: str, titles: Mapping[str, Text], language: Language) -> str:
    try:
        return plain(parse(text), language, titles)
    except ExpressionInvalid:
        return text


def _is(subject: str, value: str, language: Language) -> str:
    return phrased("words.is", language, {"subject": subject, "value": value})


def _shaped(output: FormulaOutput, language: Language) -> str:
    """How a figure is rounded and bounded, as it follows the figure."""
    found = f" {output.unit}" if output.unit else ""
    if output.scale is not None:
        found += phrased("words.rounded", language, {"scale": str(output.scale)})
    for code, bound in (("words.at_least", output.min), ("words.at_most", output.max)):
        if bound is not None:
            found += phrased(code, language, {"bound": number_text(bound)})
    return found


def _card(definition: Formula, card: Scorecard, titles: Mapping[str, Text], language: Language) -> Iterator[str]:
    title = definition.title.text()[language]
    parts = [_titled(part.title or _input_title(definition, id_), id_, language) for id_, part in card.parts.items()]
    code = "words.card_mean" if card.combine == "mean" else "words.card_sum"
    shaped = _shaped(definition.output, language)
    if card.target is not None:
        args = {"least": number_text(card.target[0]), "most": number_text(card.target[1])}
        shaped = phrased("words.card_target", language, args) + shaped
    glue = "、" if language == "zh" else ", "
    yield phrased(code, language, {"title": title, "parts": glue.join(parts), "shaped": shaped})
    for name, (id_, part) in zip(parts, card.parts.items(), strict=True):
        yield _part(definition, card, id_, part, name, titles, language)
    if card.bands:
        yield _grades(card.bands, language)


def _part(
    definition: Formula,
    card: Scorecard,
    id_: str,
    part: Part,
    name: str,
    titles: Mapping[str, Text],
    language: Language,
) -> str:
    value = _text(part.expr or id_, titles, language)
    args = {"part": name, "points": _points(definition, id_, part, value, language)}
    weight = "" if part.weight is None else number_text(part.weight)
    code = "words.part_percent" if card.combine == "mean" else "words.part_times"
    text = phrased(code if weight else "words.part", language, {**args, "weight": weight} if weight else args)
    if part.missing == "skip":
        return text + phrased("words.part_skipped", language, {})
    if isinstance(part.missing, Decimal):
        return text + phrased("words.part_missing", language, {"points": number_text(part.missing)})
    return text


def _points(definition: Formula, id_: str, part: Part, value: str, language: Language) -> str:
    bounds = _shaped(FormulaOutput(min=part.min, max=part.max), language)
    if not part.bands:
        return phrased("words.points_value", language, {"value": value}) + bounds
    type_ = CELL_TYPES[value_type(definition, id_, part)]
    told = []
    for band in part.bands:
        points = number_text(band.points)
        cell = _cell(cell_text(band.when), type_)
        if cell is not None and cell.wildcard:
            told.append(phrased("words.points_else", language, {"points": points}))
        else:
            test = f"{value}: {band.when}" if cell is None else plain_test(cell, value, language)
            told.append(phrased("words.points_when", language, {"points": points, "test": test}))
    return ("；" if language == "zh" else "; ").join(told) + bounds


def _cell(text: str, type_: Any) -> Cell | None:
    try:
        return parse_cell(text, type_)
    except ExpressionInvalid:
        return None


def _grades(bands: Sequence[ScoreBand], language: Language) -> str:
    told = []
    for band in reversed(ordered(bands)):
        name = _titled(band.title, band.id, language)
        start = band.start
        if start is None:
            told.append(phrased("words.grade_else", language, {"grade": name}))
        else:
            told.append(phrased("words.grade", language, {"grade": name, "from": number_text(start)}))
    return phrased("words.grades", language, {"grades": ("，" if language == "zh" else ", ").join(told)})


def _input_title(definition: Formula, name: str) -> Words | None:
    about = definition.inputs.get(name)
    return about.title if about else None


def _titled(title: Words | None, name: str, language: Language) -> str:
    return title.text()[language] if title else name


def _lower(title: str, language: Language) -> str:
    """A title within an English sentence; ``FOB`` and ``SKU`` stay as they are."""
    plain_word = language == "en" and title[:1].isupper() and not title[1:2].isupper()
    return title[:1].lower() + title[1:] if plain_word else title
