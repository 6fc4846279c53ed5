"""Order drafts from chat messages: what is understood, and how sure the draft is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.sdk.testing import NodeContract, a_context
from taktflow_plugins.intake.dates import find_days
from taktflow_plugins.intake.node import ParseText, ParseTextConfig
from taktflow_plugins.intake.numerals import chinese_number, number_at
from taktflow_plugins.intake.reasons import codes
from taktflow_plugins.intake.tokens import clean

MONDAY = date(2026, 11, 23)
CATALOGUE: list[dict[str, Any]] = [
    {"sku": "FL-DN50", "names": ["DN50 flange", "stainless flange DN50", "法兰DN50"]},
    {"sku": "FL-DN80", "names": ["DN80 flange", "法兰DN80"]},
    {"sku": "V-100", "names": ["valve V-100", "阀门V-100"]},
    {"sku": "GV-50", "names": ["gate valve DN50", "闸阀"]},
]


def parse(text: str, **config: Any) -> Any:
    node_config = ParseTextConfig.model_validate({"text": text, "catalogue": CATALOGUE, **config})
    context = a_context(now=datetime(2026, 11, 23, 2, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"))
    return ParseText().run(node_config, context).value


def ordered(value: Any) -> list[tuple[str, int | None]]:
    return [(line["sku"], None if line["qty"] is None else int(line["qty"])) for line in value["lines"]]


def reasons(value: Any) -> set[str]:
    return {reason["code"] for reason in value["reasons"]}


class TestParseText(NodeContract):
    node = ParseText
    examples = [
        (
            {"text": "200 pcs V-100 by 2026-12-20", "catalogue": CATALOGUE},
            {},
            {
                "lines": [
                    {
                        "sku": "V-100",
                        "qty": Decimal(200),
                        "unit": "pcs",
                        "price": None,
                        "matched": "v-100",
                        "confidence": Decimal("1.00"),
                    }
                ],
                "due": date(2026, 12, 20),
                "confidence": Decimal("1.00"),
                "unparsed": "",
                "reasons": [],
            },
        ),
        (
            {"text": "", "catalogue": []},
            {},
            {
                "lines": [],
                "due": None,
                "confidence": Decimal("0.00"),
                "unparsed": "",
                "reasons": [
                    {
                        "code": "nothing_recognised",
                        "about": "",
                        "zh": "没有认出任何产品；请人工录入。",
                        "en": "No product was recognised; enter it by hand.",
                    }
                ],
            },
        ),
    ]


@pytest.mark.mission("I3")
@pytest.mark.parametrize(
    ("text", "lines", "due"),
    [
        (
            "200 pcs of FL-DN50 flange and 30 valve V-100 by 2026-12-20",
            [("FL-DN50", 200), ("V-100", 30)],
            date(2026, 12, 20),
        ),
        (
            "要 DN50 法兰 200 件，阀门V-100 30个，12月20日前交货",
            [("FL-DN50", 200), ("V-100", 30)],
            date(2026, 12, 20),
        ),
        (
            "你好，麻烦订两百件DN50法兰，V-100阀门三千五个，下周五前到货",
            [("FL-DN50", 200), ("V-100", 3500)],
            date(2026, 12, 4),
        ),
        (
            "FL-DN50: 1,200 pcs\nV-100: 30 pcs\nDeliver by Dec 20, 2026. Thanks!",
            [("FL-DN50", 1200), ("V-100", 30)],
            date(2026, 12, 20),
        ),
        ("法兰DN50和法兰DN80各200个", [("FL-DN50", 200), ("FL-DN80", 200)], None),
        ("法兰DN50、法兰DN80，各200个", [("FL-DN50", 200), ("FL-DN80", 200)], None),
        ("FL-DN50 x200, V-100 x 30", [("FL-DN50", 200), ("V-100", 30)], None),
        ("30 V-100 20 FL-DN50", [("V-100", 30), ("FL-DN50", 20)], None),
        ("V-100 30 FL-DN50 20", [("V-100", 30), ("FL-DN50", 20)], None),
        ("请发货 FL-DN50，200 件", [("FL-DN50", 200)], None),
        ("Hello, flange DN50 - 200pcs; please ship by 20/12", [("FL-DN50", 200)], date(2026, 12, 20)),
        ("DN50法兰一万二千只 月底前", [("FL-DN50", 12000)], date(2026, 11, 30)),
        ("ＤＮ５０法兰　２００件", [("FL-DN50", 200)], None),
        ("2k pcs V-100 within 3 weeks", [("V-100", 2000)], date(2026, 12, 14)),
    ],
)
def test_a_clear_message_is_understood_in_full(text: str, lines: list[tuple[str, int]], due: date | None) -> None:
    value = parse(text)

    assert ordered(value) == lines
    assert value["due"] == due
    assert (value["confidence"], value["unparsed"], value["reasons"]) == (Decimal("1.00"), "", [])


@pytest.mark.mission("I3")
@pytest.mark.parametrize(
    ("text", "reason", "most"),
    [
        ("cancel the 200 FL-DN50", "negation", "0.2"),
        ("不要法兰DN50了", "negation", "0.2"),
        ("FL-DN50 200件改成300件", "change", "0.3"),
        ("how much is 100 pcs V-100?", "question", "0.4"),
        ("V-100 有货吗 要30个", "question", "0.4"),
        ("about 200 pcs V-100", "approximate", "0.6"),
        ("V-100 30个左右", "approximate", "0.6"),
        ("V-100 please", "missing_quantity", "0.3"),
        ("flange 200 pcs", "several_candidates", "0.4"),
        ("20 pcs gate valvs DN50", "similar_name", "0.9"),
        ("200 boxes V-100", "other_unit", "0.5"),
        ("2.5 pcs V-100", "fraction", "0.5"),
        ("0 pcs V-100", "missing_quantity", "0.3"),
        ("FL-DN50 200\nFL-DN50 300", "repeated_product", "0.7"),
        ("200 304 pcs V-100", "loose_number", "0.6"),
        ("200 V-100 by 03/04/2027", "ambiguous_date", "0.6"),
        ("200 V-100 by 2026-02-30", "bad_date", "0.6"),
        ("200 V-100 by 2026-12-01 or 2026-12-05", "several_dates", "0.6"),
        ("200 V-100 by 2026-01-05", "due_in_past", "0.5"),
        ("200 pcs V-100, the blue ones from last time", "unread_words", "0.95"),
        ("200 pcs V-100 " + "bla " * 3000, "too_long", "0.5"),
        ("Best regards John", "nothing_recognised", "0"),
    ],
)
def test_each_doubt_lowers_the_confidence_and_says_why(text: str, reason: str, most: str) -> None:
    value = parse(text)

    assert reason in reasons(value)
    assert value["confidence"] <= Decimal(most)


def test_a_price_is_kept_and_one_in_another_currency_is_doubted() -> None:
    fine = parse("FL-DN50 200件 单价12.50元", currency="CNY")
    other = parse("200 pcs V-100 @ $12.50 each", currency="CNY")

    assert fine["lines"][0]["price"] == {"amount": Decimal("12.50"), "currency": "CNY"}
    assert fine["confidence"] == 1
    assert other["lines"][0]["price"] == {"amount": Decimal("12.50"), "currency": "USD"}
    assert "other_currency" in reasons(other)


@pytest.mark.parametrize("text", ["DN65 flange 20 pcs", "法兰DN500 20个", "V-999 30个", "V-1000 x 3", "V-100A 5 pcs"])
def test_a_size_that_is_not_in_the_catalogue_is_never_taken_for_a_near_one(text: str) -> None:
    value = parse(text)

    assert value["lines"] == []
    assert value["confidence"] == 0


def test_a_name_of_several_products_is_never_chosen_silently() -> None:
    value = parse("闸阀 20个", catalogue=[*CATALOGUE, {"sku": "GV-80", "names": ["闸阀"]}])

    assert value["lines"][0]["confidence"] <= Decimal("0.4")
    assert "several_candidates" in reasons(value)


def test_what_is_not_understood_is_shown() -> None:
    value = parse("200 pcs V-100, same as Müller's")

    assert "müller" in value["unparsed"]


def test_declared_units_count_as_pieces() -> None:
    assert parse("V-100 30套", units=["套"])["confidence"] == 1
    assert parse("V-100 30套")["confidence"] < 1


def test_every_reason_speaks_both_languages() -> None:
    value = parse("cancel about 2.5 boxes flange by 03/04/2027")

    assert reasons(value) <= set(codes())
    assert all(reason["zh"] and reason["en"] for reason in value["reasons"])


def test_a_large_catalogue_is_searched_in_a_blink() -> None:
    many = [{"sku": f"P-{n}", "names": [f"part number {n}", f"零件{n}"]} for n in range(2000)]

    value = parse("20 pcs P-1999, 30 pcs prt number 77", catalogue=many)

    assert ordered(value) == [("P-1999", 20), ("P-77", 30)]


@pytest.mark.parametrize("piece", ["by ", "deliver ", "12月", "1,", "一", "V-100 1 ", "flange ", "1/", "@ ", "(", "各"])
@pytest.mark.timeout(20)
def test_a_page_of_nonsense_does_not_hold_up_the_engine(piece: str) -> None:
    draft = parse(piece * (5000 // len(piece)))

    assert draft["confidence"] < 0.8


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("两百", 200),
        ("两百五", 250),
        ("二百零五", 205),
        ("三千五", 3500),
        ("三千零五十", 3050),
        ("十二", 12),
        ("二十", 20),
        ("一百一十", 110),
        ("一万二", 12000),
        ("十万", 100000),
        ("一亿零三万", 100030000),
        ("一二三", 123),
        ("零", 0),
    ],
)
def test_chinese_numerals_say_what_people_mean(text: str, number: int) -> None:
    assert chinese_number(text) == number


@pytest.mark.parametrize("text", ["", "百", "万", "十百", "一一百", "百千", "一百百", "二三百", "三通", "一" * 30])
def test_a_row_of_numerals_that_is_no_number_is_none(text: str) -> None:
    assert chinese_number(text) is None


def in_chinese(number: int) -> str:
    """``number`` below 100 million in full Chinese, built up digit by digit."""
    head, low = divmod(number, 10_000)
    if head:
        return f"{in_chinese(head)}万" + ("" if not low else ("零" if low < 1000 else "") + in_chinese(low))
    text, gap = "", False
    for unit, mark in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + mark
        gap = not digit
    return text or "零"


@settings(derandomize=True, max_examples=300)
@given(st.integers(0, 99_999_999))
def test_every_number_in_chinese_is_read_back(number: int) -> None:
    assert chinese_number(in_chinese(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", "1200"),
        ("1,200,000.50", "1200000.50"),
        ("1.5k", "1500"),
        ("3千", "3000"),
        ("3千5百", "3500"),
        ("2万", "20000"),
    ],
)
def test_written_numbers_are_read_exactly(text: str, number: str) -> None:
    assert number_at(text, 0) == (Decimal(number), len(text))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-20", date(2026, 12, 20)),
        ("2026年12月20日前", date(2026, 12, 20)),
        ("12月20号之前交货", date(2026, 12, 20)),
        ("十二月二十号", date(2026, 12, 20)),
        ("1月5日", date(2027, 1, 5)),
        ("下月5号", date(2026, 12, 5)),
        ("20 dec", date(2026, 12, 20)),
        ("by december 20th, 2026", date(2026, 12, 20)),
        ("20th of december 2026", date(2026, 12, 20)),
        ("by 20/12/2026", date(2026, 12, 20)),
        ("before 12/20", date(2026, 12, 20)),
        ("明天", date(2026, 11, 24)),
        ("大后天", date(2026, 11, 26)),
        ("day after tomorrow".replace("day", "the day"), date(2026, 11, 25)),
        ("三天内", date(2026, 11, 26)),
        ("两周内", date(2026, 12, 7)),
        ("within 10 days", date(2026, 12, 3)),
        ("本周五", date(2026, 11, 27)),
        ("下周三", date(2026, 12, 2)),
        ("周日", date(2026, 11, 29)),
        ("by friday", date(2026, 11, 27)),
        ("下月底", date(2026, 12, 31)),
        ("end of month", date(2026, 11, 30)),
        ("end of january", date(2027, 1, 31)),
        ("12月底", date(2026, 12, 31)),
        ("20号前交", date(2026, 12, 20)),
    ],
)
def test_days_are_found_as_people_name_them(text: str, day: date) -> None:
    (found,) = find_days(text, MONDAY)

    assert (found.day, found.problem) == (day, "")


@pytest.mark.parametrize("text", ["dn50/60", "1/2 flange", "v-100", "may we order", "sat-50 mona", "200号", "march on"])
def test_sizes_and_words_are_no_days(text: str) -> None:
    assert [d.day for d in find_days(text, MONDAY) if d.day] == []


NAMES = [name for entry in CATALOGUE for name in (entry["sku"], *entry["names"])]
SKU_OF = {name: entry["sku"] for entry in CATALOGUE for name in (entry["sku"], *entry["names"])}
ONE_EACH = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 999_999)),
    min_size=1,
    max_size=4,
    unique_by=lambda pair: SKU_OF[pair[0]],
)
STYLES = (
    lambda name, qty: f"{qty} pcs of {name}",
    lambda name, qty: f"{name}: {qty:,} pcs",
    lambda name, qty: f"{name} x {qty}",
    lambda name, qty: f"{name} {qty}件",
    lambda name, qty: f"{in_chinese(qty)}个{name}",
    lambda name, qty: f"要{name} {qty}个",
)
DUES = st.dates(MONDAY, date(2028, 12, 31))
DUE_STYLES = ("by {0:%Y-%m-%d}", "deliver before {0:%d %b %Y}", "{0:%Y}年{0.month}月{0.day}日前交货")


@pytest.mark.mission("I3")
@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    ONE_EACH,
    st.sampled_from(range(len(STYLES))),
    st.sampled_from([", ", "\n", "；", "，", " and "]),
    DUES,
    st.sampled_from(DUE_STYLES),
)
def test_a_clean_sentence_is_understood_exactly(
    wanted: list[tuple[str, int]], style: int, between: str, due: date, due_style: str
) -> None:
    text = between.join(STYLES[style](name, qty) for name, qty in wanted) + between + due_style.format(due)

    value = parse(text)

    assert ordered(value) == [(SKU_OF[name], qty) for name, qty in wanted]
    assert value["due"] == due
    assert value["confidence"] == 1


PIECES = st.sampled_from(
    [
        "V-100",
        "flange",
        "法兰",
        "DN50",
        "200",
        "1,2",
        "两百",
        "万",
        "十",
        "pcs",
        "个",
        "by",
        "12/12",
        "不要",
        "各",
        "x",
        "@",
        "$",
        "12元",
        "31号前",
        "13月32日",
        "99天内",
        "\n",
        "，",
        ". ",
        "2026-02-31",
        "2月30日",
        "下周",
        "next friday",
        "月底",
        "/",
        "-",
        " ",
        "一打",
        "ß",
        "İ",
        "९",
        "²",
        "\ud800",
        "\0",
    ]
)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=200)))
def test_no_text_makes_it_fail_and_the_confidence_stays_between_0_and_1(text: str) -> None:
    value = parse(text)

    assert 0 <= value["confidence"] <= 1
    assert all(0 <= line["confidence"] <= 1 for line in value["lines"])
    assert all(line["qty"] is None or line["qty"] > 0 for line in value["lines"])
    assert value == parse(text)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"sku": st.text(min_size=1, max_size=8), "names": st.lists(st.text(max_size=8), max_size=3)}
        ),
        max_size=5,
    ),
    st.text(max_size=60),
)
def test_no_catalogue_makes_it_fail(catalogue: list[dict[str, Any]], text: str) -> None:
    value = parse(text, catalogue=catalogue)

    assert 0 <= value["confidence"] <= 1
    assert {line["sku"] for line in value["lines"]} <= {entry["sku"] for entry in catalogue}


@settings(derandomize=True, max_examples=200)
@given(st.text(max_size=50))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
