"""The sample day is what its manifest says, and holds everything that it is there to show."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from tools.demo.day import Again, Sent, expected, phones, sample_day, table
from tools.demo.report import Counted, differences

DAY = sample_day()
ORDERS = [s for s in DAY.sent if s.ends != "none"]
AGAIN = [s for phase in DAY.phases for s in phase.send if isinstance(s, Again)]
TIER = {row["code"]: row["tier"] for row in table("customers")}


def test_the_manifest_counts_what_each_order_ends_as() -> None:
    ends = Counter(s.ends for s in ORDERS)
    ways = Counter({"text": "whatsapp", "csv": "excel"}.get(s.by, s.by) for s in ORDERS)

    assert expected().details["states"] == dict(ends)
    assert expected().details["channels"] == dict(ways)
    assert expected().last_line == {
        "orders": len(ORDERS),
        "booked": ends["booked"],
        "held": ends["held"],
        "refused": ends["refused"],
        "duplicates": ends["suspected"],
        "incidents": 1,
    }


def test_every_figure_of_the_last_line_says_how_it_is_counted() -> None:
    assert set(expected().last_line) <= set(expected().meaning)


def test_the_day_shows_what_a_day_can_bring() -> None:
    rules = {act.refused for phase in DAY.phases for act in phase.people}

    assert len(ORDERS) >= 60
    assert {s.by for s in ORDERS} == {"shopify", "woocommerce", "whatsapp", "text", "web", "excel", "csv"}
    assert {phase.wms for phase in DAY.phases} >= {"none", "hang"}
    assert {"task.four_eyes", "task.unknown"} <= rules
    assert any(a.new_event for a in AGAIN)
    assert any(a.forged for a in AGAIN)
    assert any(not a.new_event and not a.forged for a in AGAIN)
    assert sum(TIER.get(s.customer or "") == "S" for s in ORDERS) >= 10


def test_no_two_orders_have_one_number() -> None:
    numbers = [s.order for s in DAY.sent]

    assert len(set(numbers)) == len(numbers)


def test_what_is_sent_again_was_sent_before() -> None:
    assert {a.again for a in AGAIN} <= {s.order for s in DAY.sent}


def test_days_are_counted_from_the_day_of_sending() -> None:
    [text] = [s for s in DAY.sent if s.number == "wamid.T02"]

    placed = text.placed(date(2030, 1, 1), phones())

    assert placed.text == "200 pcs of FL-DN50 flange by 2030-02-15"
    assert placed.phone == "12025550101"


def found() -> Counted:
    return Counted(expected().last_line, dict(expected().details), {s.order: s.ends for s in ORDERS})


def wrong(counted: Counted) -> list[str]:
    return list(differences(counted, expected(), DAY.sent))


def test_a_day_as_it_must_be_has_no_differences() -> None:
    assert wrong(found()) == []


def test_a_difference_names_the_figure_and_the_order() -> None:
    states = {**found().states, "SH-5001": "held"}
    del states["SH-5002"]

    told = wrong(replace(found(), last_line={**found().last_line, "booked": 50}, states=states))

    assert told == [
        "booked: 50, expected 52",
        "SH-5001: held, expected booked",
        "SH-5002: none, expected booked",
    ]


@pytest.mark.parametrize("sent", DAY.sent, ids=lambda s: s.order)
def test_what_is_no_message_names_a_product_and_a_quantity(sent: Sent) -> None:
    assert bool(sent.lines) != bool(sent.text)
