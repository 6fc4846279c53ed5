"""What a draft would have answered, over a real journal and over files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from taktflow.errors import Invalid
from taktflow.services.asking import Asker
from taktflow.services.backtest import RECORDED, Backtest, Case, Question, backtest, questions_of
from taktflow.services.engine import Engine
from taktflow.services.input_files import inputs_in
from taktflow.services.publish import File
from taktflow.services.recorded import recorded
from taktflow.services.tables import drafted, published_table, ready, sent
from tests.scenario.prices import PACK, PRICE, RAISED, RUSH, order, priced

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with priced(tmp_path_factory.mktemp("priced")) as engine:
        order(engine, "A", ("P1", 10), ("P1", 60), ("P2", 5))
        order(engine, "B", ("P1", 200))
        order(engine, "C", ("P9", 1))
        yield engine


def draft(source: str) -> Asker:
    with sent([File("draft.yaml", source)]) as read:
        return Asker(ready(drafted(read)), ZONE)


def over_journal(engine: Engine, source: str, **more: object) -> Backtest:
    asker = draft(source)
    kind = asker.table.definition.kind
    assert kind in ("decision", "formula")
    found = recorded(engine.store, kind, asker.table.definition.id)
    return backtest(asker, questions_of(found), recorded=True, **more)  # type: ignore[arg-type]  # Plain options.


def test_a_changed_draft_tells_what_changes_by_how_much_and_where(engine: Engine) -> None:
    done = over_journal(engine, RAISED)

    (comparison,) = done.comparisons
    (cny, eur) = comparison.figures
    assert (done.cases, done.left_out, done.unkept) == (5, 0, 0)
    assert dict(comparison.counts) == {"value": 2, "row": 1, "same": 2}
    assert (cny.output, cny.group, cny.cases, cny.changed) == ("price", "CNY", 3, 2)
    assert [cny.old, cny.new, cny.difference, cny.percent] == [Decimal(n) for n in ("28", "27", "-1", "-3.57")]
    assert [cny.least, cny.most, cny.mean] == [Decimal(n) for n in ("-2", "1", "-0.5")]
    assert (eur.group, eur.changed, eur.percent) == ("EUR", 0, Decimal(0))
    dearer = next(c for c in comparison.examples["value"] if c.new.rows == ("p1_few",))
    assert dearer.question.node == "price"
    assert engine.store.instances.find(dearer.question.instance) is not None
    assert dearer.old[RECORDED].rows == ("p1_few",)


@pytest.mark.parametrize("group", ["product", "currency"])
def test_amounts_are_added_up_by_any_column(engine: Engine, group: str) -> None:
    (comparison,) = over_journal(engine, RAISED, group=group).comparisons

    assert {a.group for a in comparison.figures} == ({"P1", "P2"} if group == "product" else {"CNY", "EUR"})


def test_a_group_that_is_no_column_is_refused(engine: Engine) -> None:
    with pytest.raises(Invalid, match="product, qty, price, currency"):
        over_journal(engine, RAISED, group="nosuch")


def test_amounts_in_different_currencies_are_in_no_sum(engine: Engine) -> None:
    done = over_journal(engine, PRICE.replace('"3.00", EUR', '"30.00", CNY'))

    (comparison,) = done.comparisons
    assert (comparison.amounts.apart, comparison.counts["value"]) == (1, 1)
    assert [(a.group, a.changed) for a in comparison.figures] == [("CNY", 0)]


def test_rows_are_counted_by_hits_and_rows_never_hit_are_named(engine: Engine) -> None:
    done = over_journal(engine, RAISED.replace("rows:\n", 'rows:\n  - [idle, P7, "[1..1000)", "1.00", CNY]\n'))

    assert dict(done.hits) == {"p1_few": 1, "p1_many": 2, "p2_new": 1}
    assert list(done.never) == ["idle"]


def test_an_error_that_was_recorded_can_be_answered_by_the_draft(engine: Engine) -> None:
    done = over_journal(engine, PRICE.replace("rows:\n", 'rows:\n  - [p9, P9, "[1..1000)", "9.00", CNY]\n'))

    (comparison,) = done.comparisons
    (mended,) = comparison.examples["answered"]
    assert dict(comparison.counts) == {"answered": 1, "same": 4}
    assert mended.old[RECORDED].error == "decision.none"
    assert mended.question.data == {"product": "P9", "qty": 1}
    assert mended.new.rows == ("p9",)


def test_a_draft_that_no_longer_answers_is_counted_as_an_error(engine: Engine) -> None:
    done = over_journal(engine, PRICE.replace('  - [p2, P2, "[1..1000)", "3.00", EUR]\n', ""))

    (comparison,) = done.comparisons
    assert dict(comparison.counts) == {"error": 1, "same": 4}
    assert comparison.examples["error"][0].new.error == "decision.none"


def test_an_input_that_can_no_longer_be_read_is_told_apart_from_an_error(engine: Engine) -> None:
    numbered = PRICE.replace("{id: product, type: text", "{id: product, type: number")
    numbered = numbered.replace("P1,", "1,").replace("P2,", "2,")

    done = over_journal(engine, numbered)

    assert dict(done.comparisons[0].counts) == {"unread": 5}


def test_a_column_that_was_not_recorded_is_said_to_be_missing(engine: Engine) -> None:
    wider = PRICE.replace('"[1..1000)"}\n', '"[1..1000)"}\n  - {id: tier, type: text, expr: order.tier}\n')
    wider = wider.replace(', "10.00"', ', "-", "10.00"').replace(', "8.00"', ', "-", "8.00"')
    wider = wider.replace(', "3.00"', ', A, "3.00"')

    done = over_journal(engine, wider)

    assert dict(done.missing) == {"tier": 5}
    assert dict(done.comparisons[0].counts) == {"same": 4, "error": 1}


def test_a_draft_whose_columns_are_computed_is_asked_by_what_they_came_to(engine: Engine) -> None:
    computed = RAISED.replace("expr: line.qty", "expr: line.qty * 1")

    assert dict(over_journal(engine, computed).comparisons[0].counts) == {"value": 2, "row": 1, "same": 2}


def test_a_formula_is_compared_even_where_no_variable_took_its_result(engine: Engine) -> None:
    done = over_journal(engine, RUSH.replace("100 - days", "100 - days * 2"))

    (comparison,) = done.comparisons
    assert dict(comparison.counts) == {"value": 2}
    assert comparison.figures[0].mean == -3


def test_a_published_version_may_stand_beside_what_was_recorded(engine: Engine) -> None:
    published = Asker(published_table(engine, "decision", "price"), ZONE)

    done = over_journal(engine, RAISED, against=[published])

    assert [c.name for c in done.comparisons] == [RECORDED, "price@1"]
    assert done.comparisons[0].counts == done.comparisons[1].counts


def test_only_the_wanted_time_is_asked(engine: Engine) -> None:
    now = datetime.now(UTC)

    assert list(recorded(engine.store, "decision", "price", since=now + timedelta(hours=1))) == []
    assert list(recorded(engine.store, "decision", "price", before=now - timedelta(hours=1))) == []
    assert len(list(recorded(engine.store, "decision", "price", since=now - timedelta(hours=1)))) == 5
    assert list(recorded(engine.store, "decision", "rice")) == []


def test_the_newest_decisions_come_first_and_what_is_left_out_is_counted(engine: Engine) -> None:
    seen: list[Case] = []

    done = over_journal(engine, RAISED, limit=2, each=seen.append)

    assert [c.question.data for c in seen] == [{"product": "P9", "qty": 1}, {"product": "P1", "qty": 200}]
    assert (done.cases, done.left_out, done.left_out_more) == (2, 3, False)


def test_what_there_is_no_time_for_counts_as_left_out(engine: Engine) -> None:
    over = iter([False, True])

    done = over_journal(engine, RAISED, over=lambda: next(over))

    assert (done.cases, done.left_out) == (2, 3)


def test_progress_is_told_and_room_does_not_grow_with_the_cases() -> None:
    told: list[int] = []
    asked = (Question(datetime.now(UTC), {"product": "P1", "qty": Decimal(n % 99 + 1)}) for n in range(2_500))

    done = backtest(draft(RAISED), asked, against=[draft(PRICE)], told=told.append)

    assert told == [1_000, 2_000]
    assert done.cases == 2_500
    assert [len(kept) for kept in done.comparisons[0].examples.values()] == [5]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", "product,qty\nP1,10\nP2,\n"),
        ("a.csv", "\ufeffline.sku;line.qty\r\nP1;10\r\n\r\nP2;\r\n"),
        ("a.json", '[{"product": "P1", "qty": 10}, {"line": {"sku": "P2"}}]'),
        ("a.jsonl", '{"product": "P1", "qty": "10"}\n\n{"line": {"sku": "P2", "qty": null}}\n'),
        ("a.yaml", "- {product: P1, qty: 10}\n- {product: P2}\n"),
    ],
)
def test_a_file_names_inputs_by_column_or_by_variable(name: str, body: str) -> None:
    asker, now = draft(PRICE), datetime.now(UTC)

    answers = [asker.answer(data, now) for _, data in inputs_in(io.BytesIO(body.encode()), name, ZONE)]

    assert [a.rows for a in answers] == [("p1_few",), ()]
    assert answers[1].error == "decision.none"


def test_a_workbook_of_inputs_is_read_with_its_dates(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["line.sku", "qty", "on"])
    book.active.append(["P1", 10, datetime(2026, 3, 2)])  # noqa: DTZ001 - a spreadsheet knows no zones
    path = tmp_path / "a.xlsx"
    book.save(path)

    with path.open("rb") as stream:
        ((place, data),) = inputs_in(stream, path.name, ZONE)

    assert place == "a.xlsx:2"
    assert data == {"line": {"sku": "P1"}, "qty": 10, "on": datetime(2026, 3, 2).date()}  # noqa: DTZ001 - likewise


def a_workbook() -> bytes:
    book, file = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["product", "qty"])
    book.active.append(["P1", 10])
    book.save(file)
    return file.getvalue()


SEEDS = (b"product,qty\nP1,10\n", b'[{"product": "P1"}]', b"- {product: P1}\n", a_workbook())


@given(
    st.sampled_from(SEEDS),
    st.sampled_from([".csv", ".json", ".jsonl", ".yaml", ".xlsx"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4), st.integers(0, 8)), max_size=4),
)
def test_whatever_a_file_holds_it_is_read_or_refused_with_a_sentence(
    seed: bytes, ending: str, edits: list[tuple[int, bytes, int]]
) -> None:
    body = bytearray(seed)
    for place, put, taken in edits:
        at = place % (len(body) + 1)
        body[at : at + taken] = put

    found, refused = [], f"a{ending}"
    try:
        found = list(inputs_in(io.BytesIO(bytes(body)), f"a{ending}", ZONE))
    except Invalid as wrong:
        refused = str(wrong)

    assert f"a{ending}" in refused
    assert all(isinstance(data, dict) for _, data in found)


def test_a_draft_among_the_files_of_its_pack_is_found_by_its_id() -> None:
    with sent([File(name, source) for name, source in PACK.items()]) as read:
        names: Mapping[str, str] = {i: drafted(read, id=i).definition.kind for i in ("price", "rush")}

    assert names == {"price": "decision", "rush": "formula"}
