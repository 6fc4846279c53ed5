from __future__ import annotations

from taktflow.api.metrics import Histogram, Metric, Traffic, exposition
from taktflow.store.tally import Tally


def test_figures_are_written_as_prometheus_reads_them() -> None:
    metric = Metric(
        "taktflow_instances", "gauge", "Instances.", [({"status": "running"}, 3), ({"status": 'a"\\\n'}, 0.5)]
    )

    assert exposition([metric]) == (
        "# HELP taktflow_instances Instances.\n# TYPE taktflow_instances gauge\n"
        'taktflow_instances{status="running"} 3\ntaktflow_instances{status="a\\"\\\\\\n"} 0.5\n'
    )


def test_answers_are_counted_by_route_and_not_by_path() -> None:
    traffic = Traffic()
    traffic.count({"GET"}, "/api/instances/{id}", 200, 0.25)
    traffic.count({"GET"}, "/api/instances/{id}", 204, 0.25)
    traffic.count({"GET"}, "/api/instances/{id}", 404, 0.5)

    requests, seconds = traffic.metrics()
    assert isinstance(requests, Metric)

    assert [(labels["status"], n) for labels, n in requests.samples] == [("2xx", 2), ("4xx", 1)]
    assert isinstance(seconds, Histogram)
    ((labels, spread),) = seconds.spreads
    assert labels == {"method": "GET", "route": "/api/instances/{id}"}
    assert (spread.count, spread.sum) == (3, 1.0)


def test_a_value_on_a_bound_counts_below_it_and_one_beyond_all_counts_in_the_last() -> None:
    tally: Tally[str] = Tally((1, 5))
    for value in (1, 2, 5, 9):
        tally.note("a", value)

    text = exposition([Histogram("took_seconds", "It took.", [({"kind": "a"}, tally.spreads()["a"])])])

    assert text == (
        "# HELP took_seconds It took.\n# TYPE took_seconds histogram\n"
        'took_seconds_bucket{kind="a",le="1"} 1\ntook_seconds_bucket{kind="a",le="5"} 3\n'
        'took_seconds_bucket{kind="a",le="+Inf"} 4\n'
        'took_seconds_sum{kind="a"} 17\ntook_seconds_count{kind="a"} 4\n'
    )
