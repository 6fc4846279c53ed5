from __future__ import annotations

from taktflow.api.metrics import Metric, Traffic, exposition


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

    assert [(labels["status"], n) for labels, n in requests.samples] == [("2xx", 2), ("4xx", 1)]
    assert seconds.samples == [({"route": "/api/instances/{id}"}, 1.0)]
