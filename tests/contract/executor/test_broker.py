"""What goes over the broker: tickets that say nothing, one at a time, made anew when they are lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from taktflow.errors import Refused
from taktflow.executor.celery import BrokerBell, broker_app
from taktflow.settings import Settings
from tests.services import broker, tickets_lost

__all__ = ["broker"]

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
"""Ringing needs no database."""


@pytest.fixture
def settings(broker: str) -> Iterator[Settings]:
    queue = f"test-{uuid.uuid4().hex}"
    yield reaching(broker, queue)
    tickets_lost(broker, queue)


def reaching(broker: str, queue: str) -> Settings:
    return Settings(_env_file=None, database_url=NOWHERE, executor="celery", broker_url=broker, broker_queue=queue)


def test_one_ticket_waits_however_often_bells_ring(settings: Settings) -> None:
    with a_bell(settings) as first, a_bell(settings) as second:
        rung = [first.ring(), first.ring(), second.ring(), first.ring()]

    assert rung == [True] * 4
    assert len(taken(settings)) == 1


def test_a_ticket_is_small_and_asks_for_no_result_and_no_time(settings: Settings) -> None:
    with a_bell(settings) as bell:
        bell.ring()

    (ticket,) = taken(settings)
    assert ticket.size <= 200
    assert ticket.headers["task"] == "taktflow.work"
    assert (ticket.headers["eta"], ticket.headers["expires"], ticket.headers["ignore_result"]) == (None, None, True)


def test_a_bell_rings_anew_after_the_broker_has_forgotten_everything(broker: str, settings: Settings) -> None:
    with a_bell(settings) as bell:
        bell.ring()
        tickets_lost(broker, settings.broker_queue)

        assert bell.ring()

    assert len(taken(settings)) == 1


def test_a_broker_that_is_away_is_told_and_not_waited_for() -> None:
    with a_bell(reaching("redis://127.0.0.1:1/0", "test")) as bell:
        assert not bell.ring()


def test_a_bell_that_hung_up_rings_on_a_new_connection(settings: Settings) -> None:
    with a_bell(settings) as bell:
        bell.ring()
        taken(settings)

        bell.hang_up()

        assert bell.ring()
    assert len(taken(settings)) == 1


def test_workers_refuse_a_database_that_is_a_file() -> None:
    with pytest.raises(Refused) as refused:
        broker_app(Settings(_env_file=None, database_url="sqlite:///x.db", broker_url="redis://127.0.0.1/0"))

    assert refused.value.code == "executor.sqlite"


def test_workers_refuse_to_guess_the_broker() -> None:
    with pytest.raises(Refused) as refused:
        broker_app(Settings(_env_file=None, database_url=NOWHERE, broker_url=None))

    assert refused.value.code == "executor.broker"


@dataclass
class Ticket:
    """What a worker would get."""

    size: int
    headers: dict[str, Any]


@contextmanager
def a_bell(settings: Settings) -> Iterator[BrokerBell]:
    """A bell on the broker of ``settings``."""
    bell = BrokerBell(settings)
    try:
        yield bell
    finally:
        bell.hang_up()


def taken(settings: Settings) -> list[Ticket]:
    """Everything that waits in the queue."""
    found = []
    with broker_app(settings).connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get(settings.broker_queue, no_ack=True)) is not None:
            found.append(Ticket(len(message.body), dict(message.headers)))
    return found
