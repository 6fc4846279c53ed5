from __future__ import annotations

from taktflow.api import buckets as module
from taktflow.api.buckets import Buckets, neighbourhood


def test_a_full_minute_of_knocks_passes_and_the_next_one_waits() -> None:
    buckets = Buckets(per_minute=30)

    waits = [buckets.take("10.0.0.1", 100.0) for _ in range(31)]

    assert waits[:30] == [0] * 30
    assert waits[30] == 2


def test_the_told_wait_is_enough() -> None:
    buckets = Buckets(per_minute=7)
    for _ in range(7):
        buckets.take("a", 0.0)

    wait_s = buckets.take("a", 0.0)

    assert buckets.take("a", 0.0 + wait_s) == 0


def test_one_address_never_pays_for_another() -> None:
    buckets = Buckets(per_minute=1)
    buckets.take("a", 0.0)

    assert buckets.take("b", 0.0) == 0
    assert buckets.take("a", 0.0) > 0


def test_a_token_given_back_can_be_taken_again() -> None:
    buckets = Buckets(per_minute=1)
    buckets.take("a", 0.0)

    buckets.give_back("a", 0.0)

    assert buckets.take("a", 0.0) == 0


def test_memory_stays_bounded_however_many_strangers_knock() -> None:
    buckets = Buckets(per_minute=1)

    for n in range(module.MOST_KEPT + 50):
        buckets.take(str(n), 0.0)

    assert len(buckets._kept) == module.MOST_KEPT
    assert buckets.take(str(module.MOST_KEPT + 49), 0.0) > 0


def test_an_ipv6_host_knocks_as_its_whole_network() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff") == "2001:db8::/64"
    assert neighbourhood("10.0.0.1") != neighbourhood("10.0.0.2")
    assert neighbourhood(None) == "unknown"
