"""Incidents of one cause read alike once ids and numbers are taken out of their words."""

from __future__ import annotations

import pytest

from taktflow.store.causes import cause, pattern


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("order A-4711 is locked", "order # is locked"),
        ("order 4711/2 of 1,234.50 CNY is locked", "order # of # CNY is locked"),
        ("no customer 01890a5d-ac96-774b-bcce-b302099a8057", "no customer #"),
        ("订单A-1029已锁定，金额１２３元", "订单#已锁定，金额#元"),
        ("rows 1, 2 and 3", "rows # and #"),
        ("rows 1, 2, 3, 4 and 5", "rows # and #"),
        ("no answer from erp.example.com:8080/orders/17", "no answer from #"),
        ("ada@example.com is unknown", "ada@example.com is unknown"),
        ("the field price_2 is missing", "the field # is missing"),
        ("  two\n  lines ", "two lines"),
        ("", ""),
    ],
)
def test_ids_and_numbers_leave_the_pattern(message: str, expected: str) -> None:
    assert pattern(message) == expected
    assert pattern(pattern(message)) == expected


def test_one_cause_is_the_same_node_code_and_pattern() -> None:
    first = cause("order", "send", "erp.locked", "order A-1 is locked")

    assert first == cause("order", "send", "erp.locked", "order B-22 is locked")
    others = {
        cause("order", "send", "erp.locked", "order A-1 is gone"),
        cause("order", "send", "erp.gone", "order A-1 is locked"),
        cause("order", "ship", "erp.locked", "order A-1 is locked"),
        cause("offer", "send", "erp.locked", "order A-1 is locked"),
    }
    assert len(others | {first}) == 5


def test_a_message_without_end_costs_no_more_than_its_beginning() -> None:
    assert len(pattern("a1-" * 1_000_000)) <= 400
    assert pattern("word " * 1_000 + "1") == pattern("word " * 1_000 + "2")
