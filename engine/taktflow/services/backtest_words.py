"""A backtest as a person reads it, line by line, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from taktflow.services.asking import Answered, answer_document
from taktflow.services.backtest import RECORDED, Backtest, Case, Comparison, ordered
from taktflow.services.difference import Amount, Change
from taktflow.texts import sentence
from taktflow.values import Json, Language, Value, shown

_CHANGES: Mapping[Change, str] = {
    "value": "backtest.change.value",
    "error": "backtest.change.error",
    "answered": "backtest.change.answered",
    "other_error": "backtest.change.other_error",
    "row": "backtest.change.row",
    "unread": "backtest.change.unread",
    "same": "backtest.change.same",
}
MOST_ROWS = 500
"""Rows listed for machines; all of them are counted."""
_NAMED = 10
"""Rows named in one line."""
_LONGEST = 200


def backtest_lines(done: Backtest, language: Language) -> Iterator[str]:
    """Every line of the report; the examples stand below their kind of change."""

    def told(code: str, **args: Value) -> str:
        return sentence(code, language, args)

    yield told("backtest.asked", cases=done.cases, errors=done.errors)
    if done.left_out:
        code = "backtest.left_out_more" if done.left_out_more else "backtest.left_out"
        yield told(code, count=done.left_out)
    if done.unkept:
        yield told("backtest.unkept", count=done.unkept)
    for column, cases in done.missing.items():
        yield told("backtest.missing", column=column, cases=cases)
    if done.rows:
        top = ", ".join(f"{row} ({hits})" for row, hits in done.hits.most_common(_NAMED))
        yield told("backtest.hits", hit=len(done.rows) - len(done.never), rows=len(done.rows), top=top or "-")
    if done.never:
        more = " …" if len(done.never) > _NAMED else ""
        yield told("backtest.never", count=len(done.never), rows=", ".join(done.never[:_NAMED]) + more)
    for comparison in done.comparisons:
        yield from _compared(comparison, language)


def backtest_document(done: Backtest, language: Language) -> dict[str, Json]:
    """The whole result as JSON; errors are told in ``language``."""
    return {
        "cases": done.cases,
        "errors": done.errors,
        "left_out": done.left_out,
        "left_out_more": done.left_out_more,
        "unkept": done.unkept,
        "missing": [{"column": column, "cases": cases} for column, cases in done.missing.items()],
        "rows": len(done.rows),
        "hits": [{"row": row, "hits": hits} for row, hits in done.hits.most_common(MOST_ROWS)],
        "never": list(done.never[:MOST_ROWS]),
        "never_count": len(done.never),
        "comparisons": [_comparison(one, language) for one in done.comparisons],
    }


def _comparison(one: Comparison, language: Language) -> dict[str, Json]:
    return {
        "against": one.name,
        "changes": [{"kind": kind, "count": count} for kind, count in ordered(one.counts)],
        "amounts": [_amount_document(amount) for amount in one.figures],
        "apart": one.amounts.apart,
        "examples": [
            case_document(case, one.name, language) for kind, _ in ordered(one.counts) for case in one.examples[kind]
        ],
    }


def _amount_document(amount: Amount) -> dict[str, Json]:
    names = ("output", "group", "cases", "changed", "old", "new", "difference", "percent", "least", "most", "mean")
    return {name: getattr(amount, name) for name in names}


def case_document(case: Case, against: str, language: Language) -> dict[str, Json]:
    """One case as JSON: where it comes from, what was asked, and both answers."""
    question = case.question
    return {
        "kind": case.changes[against],
        "place": question.place,
        "instance": question.instance or None,
        "link": f"/instances/{question.instance}" if question.instance else None,
        "node": question.node or None,
        "at": question.at,
        "inputs": question.data or {},
        "old": answer_document(case.old[against], language),
        "new": answer_document(case.new, language),
    }


def change_words(kind: Change, language: Language) -> str:
    """What a kind of change is called."""
    return sentence(_CHANGES[kind], language, {})


def _compared(comparison: Comparison, language: Language) -> Iterator[str]:
    name = comparison.name
    yield ""
    if name == RECORDED:
        yield sentence("backtest.against_recorded", language, {})
    else:
        yield sentence("backtest.against", language, {"name": name})
    for kind, count in ordered(comparison.counts):
        yield f"  {count:>7}  {change_words(kind, language)}"
        yield from (f"           {_example(case, name, language)}" for case in comparison.examples.get(kind, ()))
    for amount in comparison.figures:
        yield "  " + _amount(amount, language)
    if comparison.amounts.apart:
        yield "  " + sentence("backtest.apart", language, {"count": comparison.amounts.apart})


def _amount(amount: Amount, language: Language) -> str:
    args = {
        "figure": " ".join(part for part in (amount.output, amount.group) if part) or "=",
        "old": amount.old,
        "new": amount.new,
        "difference": _signed(amount.difference),
        "percent": "-" if amount.percent is None else _signed(amount.percent),
        "changed": amount.changed,
        "cases": amount.cases,
    }
    line = sentence("backtest.amount", language, args)
    if not amount.changed:
        return line
    spread = {"least": _signed(amount.least), "most": _signed(amount.most), "mean": _signed(amount.mean)}
    return line + sentence("backtest.spread", language, spread)


def _signed(number: Decimal | None) -> str:
    return "-" if number is None else f"{'+' if number > 0 else ''}{shown(number)}"


def _example(case: Case, name: str, language: Language) -> str:
    question = case.question
    place = f"/instances/{question.instance}" if question.instance else question.place
    args = {
        "place": place,
        "inputs": _short(", ".join(f"{k} = {shown(v)}" for k, v in (question.data or {}).items())),
        "old": _told(case.old[name], language),
        "new": _told(case.new, language),
    }
    return sentence("backtest.example", language, args)


def _told(answered: Answered, language: Language) -> str:
    if answered.error is not None:
        return _short(answered.text[language] if answered.text else answered.error)
    rows = f" ({', '.join(answered.rows[:_NAMED])})" if answered.rows else ""
    return _short(shown(answered.value)) + rows


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
