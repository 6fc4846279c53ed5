"""Rows, formulas and scorecards as sentences."""

from __future__ import annotations

from decimal import Decimal

from taktflow.rules.in_words import formula_in_words, result_in_words, rows_in_words
from tests.unit.rules.builders import a_decision, a_formula, computed
from tests.unit.rules.test_scorecard import a_health

TABLE = a_decision(
    [
        {"id": "product", "type": "text"},
        {"id": "region", "type": "text", "title": {"zh": "地区", "en": "Region"}},
        {"id": "qty", "type": "number", "unit": "pcs", "title": {"zh": "数量", "en": "Quantity"}},
        {"id": "day", "type": "date"},
    ],
    [
        {
            "id": "price",
            "type": "number",
            "currency": "cur",
            "formula": True,
            "title": {"zh": "单价", "en": "Unit price"},
        },
        {"id": "cur", "type": "text"},
    ],
    [
        ["r1", "P100", "EU,US", "[100..500)", "2026-01-01..2026-07-01", "11.80", "USD"],
        ["r2", "-", "-", "-", "-", "= qty * 2", "EUR", "a note"],
    ],
    effective="day",
)


def test_a_row_says_when_it_answers_and_what() -> None:
    assert dict(rows_in_words(TABLE, "en")) == {
        "r1": "When product is P100 and region is EU or US and quantity in pcs is from 100 to under 500 "
        "and day is from 2026-01-01 to before 2026-07-01, the unit price is 11.80 USD.",
        "r2": "In every case the unit price is Quantity × 2 EUR.",
    }
    assert dict(rows_in_words(TABLE, "zh"))["r2"] == "任何情况下，单价为数量 × 2 EUR。"


def test_a_formula_is_told_with_its_rounding_steps_and_sources() -> None:
    amount = {"type": "number", "expr": "order.amount", "title": {"zh": "金额", "en": "Amount"}}
    formula = a_formula(
        {"amount": amount}, "10 * share", steps={"share": "amount / 100"}, output={"scale": 1, "max": 50, "unit": "pt"}
    )

    assert formula_in_words(formula, "en") == [
        "Figure is 10 × share pt, rounded to 1 decimal place(s), at most 50.",
        "share is Amount ÷ 100.",
        "Amount is order's amount.",
    ]


def test_a_scorecard_is_told_part_by_part_with_its_grades() -> None:
    told = formula_in_words(a_health(target=[0, 100]), "en")

    assert told[0] == (
        "Health is the average of the points of punctuality, changes, rating, by their weights, "
        "brought to the scale from 0 to 100, rounded to 1 decimal place(s)."
    )
    assert told[2] == (
        "changes weighs 20 %: 100 points when changes is 0; 60 points when changes is over 0 to 3; otherwise 0 points. "
        "Without a value it earns 100 points."
    )
    assert told[-1] == "The grade is green from 80 on, amber from 50 on, otherwise red."
    assert "等级：80 分起为 green，50 分起为 amber，其余为 red。" in formula_in_words(a_health(), "zh")


def test_a_result_is_told_with_what_led_to_it() -> None:
    amount = {"type": "number", "title": {"zh": "金额", "en": "Amount"}}
    due = {"type": "date", "required": False}
    formula = a_formula({"amount": amount, "due": due}, "10 * share", steps={"share": "amount / 100"})

    trace = computed(formula, amount=Decimal(250)).trace

    assert result_in_words(formula, trace, "en") == "Figure is 25.0, from Amount 250, due missing, share 2.5."
    assert result_in_words(formula, trace, "zh") == "公式为 25.0，依据：金额是 250，due 是缺失值，share 是 2.5。"


def test_what_cannot_be_read_stands_as_it_was_written() -> None:
    rows = [["r1", "[1..", Decimal(3)]]
    table = a_decision([{"id": "n", "type": "number"}], [{"id": "price", "type": "number"}], rows)

    assert dict(rows_in_words(table, "en")) == {"r1": "When n: [1.., the price is 3."}
