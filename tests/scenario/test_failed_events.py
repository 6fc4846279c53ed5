"""Events that could not be taken in are found, mended and tried again, or set aside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taktflow.errors import NotFound, Refused
from taktflow.sdk import RawRequest
from taktflow.services.failed_events import drop_inbound, retry_inbound
from taktflow.services.inbound import receive_webhook
from taktflow.services.jobs import Chosen, job_row, start_job
from taktflow.store import AuditFilter, InboundRow
from tests.builders import a_workflow
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.test_engine_ways_in import Bare, a_connection, taking
from tests.scenario.world import ANN, Life, World, instances, publish, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


def narrow(most: int) -> a_workflow:
    """A workflow that takes words of at most so many letters."""
    flow = taking("line", "webhook")
    fields = {"n": {"type": "text", "max_length": most}}
    flow.document["data"]["vars"]["event"] = {"type": "object", "fields": fields}
    return flow


@pytest.fixture
def line(world: World) -> Life:
    """An engine whose workflow is too narrow for what comes in."""
    world.channels = (Bare,)
    life = world.born().work()
    publish(life.engine, a_connection("line", "bare"), narrow(3))
    return life


def sent(life: Life, *words: str) -> None:
    for word in words:
        receive_webhook(life.engine, "line", RawRequest("POST", {}, {}, word.encode(), datetime.now(UTC)))
    life.idle()


def failed(life: Life) -> list[InboundRow]:
    return list(life.engine.store.inbounds.page(status="failed").rows)


def test_a_failed_event_starts_what_it_asked_for_once_the_workflow_is_mended(line: Life) -> None:
    sent(line, "lengthy")
    (event,) = failed(line)

    retry_inbound(line.engine, event.id, ANN)
    line.idle()
    (again,) = failed(line)
    publish(line.engine, narrow(30))
    retry_inbound(line.engine, event.id, ANN)
    line.idle()

    assert event.error is not None and "start.data" in event.error
    assert again.attempts == event.attempts + 1
    assert failed(line) == []
    assert len(instances(line)) == 1
    with pytest.raises(Refused, match="has not failed"):
        retry_inbound(line.engine, event.id, ANN)


def test_a_dropped_event_is_kept_and_comes_to_nothing(line: Life) -> None:
    sent(line, "lengthy")
    (event,) = failed(line)

    dropped = drop_inbound(line.engine, event.id, ANN, "a test of theirs")
    line.idle()

    assert (dropped.status, dropped.error) == ("dropped", event.error)
    assert (failed(line), instances(line)) == ([], [])
    (act,) = line.engine.store.audits.page(AuditFilter(action="inbound.dropped")).rows
    assert (act.by, act.object) == ("ann", f"inbound:{event.id}")
    with pytest.raises(Refused):
        drop_inbound(line.engine, event.id, ANN, "")
    with pytest.raises(NotFound):
        drop_inbound(line.engine, event.id + 1_000, ANN, "")


@pytest.mark.parametrize("by_id", [True, False])
def test_failed_events_are_taken_in_again_in_bulk(line: Life, by_id: bool) -> None:
    sent(line, "lengthy", "longer", "ok", "longest")
    publish(line.engine, narrow(30))
    chosen = Chosen(ids=[str(e.id) for e in failed(line)]) if by_id else Chosen(filter={"connection": "line"})

    job = start_job(line.engine, "inbound.retry", chosen, ANN, options={})
    wait_until(lambda: job_row(line.engine, job.id).status == "done", "the job does not end")
    line.idle()

    assert (job_row(line.engine, job.id).done, failed(line), len(instances(line))) == (3, [], 4)
