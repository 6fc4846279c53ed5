"""Which figures the engine shows a monitoring system: of the database, and of this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taktflow.api.metrics import Histogram, Labels, Metric
from taktflow.services.engine import Engine


def figures(engine: Engine) -> list[Metric | Histogram]:
    """Everything there is to tell; a few quick questions to the database, the rest from memory."""
    return [*_of_database(engine), *_of_process(engine), *_of_writer(engine)]


def _of_database(engine: Engine) -> list[Metric | Histogram]:
    """The same whichever process is asked."""
    now = engine.now()
    waiting = engine.store.figures.waiting(now)
    instances = sorted(engine.store.instances.counts().items())
    lag = [({"of": what}, (now - at).total_seconds()) for what, at in sorted(waiting.oldest.items())]
    return [
        _gauge("instances", "Instances by workflow and status.", [(_flow(w, s), n) for (w, s), n in instances]),
        _gauge("effects", "Effects that are not settled, by status.", _by("status", waiting.effects.items())),
        _gauge("timers_due", "Timers whose moment has come.", [({}, waiting.due_timers)]),
        _gauge("lag_seconds", "How long the oldest of what is due has waited; absent while nothing is due.", lag),
        _gauge("incidents_open", "Incidents that wait for a person.", [({}, waiting.open_incidents)]),
        _gauge(
            "incidents_open_by_code",
            "Incidents that wait for a person, by code.",
            _by("code", waiting.incidents_by_code.items()),
        ),
        _gauge("user_tasks_open", "User tasks that wait for a person.", [({}, waiting.open_tasks)]),
        _gauge("inbound_pending", "Raw events not yet worked on.", [({}, waiting.pending_inbound)]),
    ]


def _of_process(engine: Engine) -> list[Metric | Histogram]:
    watch = engine.watch
    ended = [(_flow(w, s), n) for (w, s), n in sorted(watch.ended.counts().items())]
    effects = [({"kind": k, "result": r}, spread) for (k, r), spread in sorted(watch.effects.spreads().items())]
    taken = {"runs": 0, "effects": 0, **watch.taken_over.counts()}
    return [
        _counter("instances_started_total", "Instances begun.", _by("workflow", watch.started.counts().items())),
        _counter("instances_ended_total", "Instances that came to an end.", ended),
        _counter("incidents_total", "Incidents raised, by code.", _by("code", watch.incidents.counts().items())),
        Histogram("taktflow_effect_seconds", "Seconds an attempt at an effect took, by kind and result.", effects),
        _counter("takeovers_total", "Executor runs found dead.", [({}, taken["runs"])]),
        _counter("effects_taken_over_total", "Effects taken over from dead executor runs.", [({}, taken["effects"])]),
        _gauge("executor_alive", "Whether this process's executor goes round.", _alive(engine)),
    ]


def _of_writer(engine: Engine) -> list[Metric | Histogram]:
    store = engine.store
    sizes = [({"kind": k}, spread) for k, spread in sorted(store.batch_sizes.items())]
    seconds = [({"kind": k}, spread) for k, spread in sorted(store.batch_seconds.items())]
    return [
        _gauge("writer_queue", "Changes that wait for the writer.", [({}, store.waiting)]),
        _gauge("writer_queue_limit", "Changes that may wait before callers get 503.", [({}, _limit(engine))]),
        Histogram("taktflow_batch_changes", "Changes in one transaction.", sizes),
        Histogram("taktflow_batch_seconds", "Seconds one transaction took, its way to the disk included.", seconds),
    ]


def _limit(engine: Engine) -> int:
    return engine.settings.queue_limit


def _alive(engine: Engine) -> list[tuple[Labels, float]]:
    return [({}, float(all(p.beats for p in engine.watch.pulses)))] if engine.watch.pulses else []


def _flow(workflow: str, status: str) -> Labels:
    return {"workflow": workflow, "status": status}


def _by(label: str, counts: Iterable[tuple[str, int]]) -> list[tuple[Labels, float]]:
    return [({label: key}, n) for key, n in sorted(counts)]


def _gauge(name: str, help: str, samples: Sequence[tuple[Labels, float]]) -> Metric:
    return Metric(f"taktflow_{name}", "gauge", help, samples)


def _counter(name: str, help: str, samples: Sequence[tuple[Labels, float]]) -> Metric:
    return Metric(f"taktflow_{name}", "counter", help, samples)
