"""The peers of ``make bench-durable``, each in a process of its own.

``python -m tests.bench.durable_peers KIND ADDRESS``

A peer does what our workflow of as many nodes does, in plain Python: a computation, a table with four rows, a formula,
a condition. It reads one JSON request a line and answers each with one line.
"""

from __future__ import annotations

import atexit
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.durable_steps import rate, step

Peer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def dbos(url: str) -> Peer:
    """DBOS Transact: a workflow function whose steps are each kept in the database."""
    from dbos import DBOS  # type: ignore[import-not-found,unused-ignore]  # Only the benchmarks install it.

    DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "enable_otlp": False})

    @DBOS.step()  # type: ignore[untyped-decorator,unused-ignore]
    def kept(n: int, x: int) -> Any:
        return step(n, x)

    @DBOS.workflow()  # type: ignore[untyped-decorator,unused-ignore]
    def flow(nodes: int, x: int) -> int:
        for n in range(nodes):
            kept(n, x)
        return nodes

    DBOS.launch()
    flow(1, 7)

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        nodes: int = asked["nodes"]
        return {"rate": rate(lambda: flow(nodes, 7), asked["threads"], asked["seconds"])}

    return answer


def spiff(_: str) -> Peer:
    """SpiffWorkflow, which keeps nothing: script tasks and gateways with a condition, in memory."""
    from lxml import etree  # type: ignore[import-untyped,unused-ignore]  # Only the benchmarks install it.
    from SpiffWorkflow.bpmn import BpmnWorkflow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from SpiffWorkflow.bpmn.parser import BpmnParser  # type: ignore[import-untyped,import-not-found,unused-ignore]

    known: dict[int, Any] = {}

    def spec(nodes: int) -> Any:
        if nodes not in known:
            parser = BpmnParser()
            parser.add_bpmn_xml(etree.fromstring(_bpmn(nodes)))
            known[nodes] = parser.get_spec("flow")
        return known[nodes]

    def run(nodes: int) -> None:
        flow = BpmnWorkflow(spec(nodes))
        flow.data["x"] = 7
        flow.task_tree.data["x"] = 7
        flow.do_engine_steps()
        assert flow.is_completed(), "the peer's workflow stopped on its way"

    def answer(asked: Mapping[str, Any]) -> Mapping[str, Any]:
        run(asked["nodes"])
        return {"rate": rate(lambda: run(asked["nodes"]), 1, asked["seconds"])}

    return answer


_SCRIPTS = (
    "v{n} = {{'v': x * 2 + {n}, 'big': x &gt; 10}}",
    "v{n} = 'none' if x &lt; 1 else 'small' if x &lt; 10 else 'middle' if x &lt; 100 else 'large'",
    "v{n} = round(x * 1.13 + {n}, 2)",
)


def _bpmn(nodes: int) -> str:
    """A process of ``nodes`` nodes; as in ours the last one is the end."""
    parts, flows, before = ['<bpmn:startEvent id="s"/>'], [], "s"
    for n in range(nodes - 1):
        condition = ""
        if n % 4 == 3:
            parts.append(f'<bpmn:exclusiveGateway id="n{n}" default="d{n}"/>')
        else:
            script = _SCRIPTS[n % 4].format(n=n)
            parts.append(f'<bpmn:scriptTask id="n{n}"><bpmn:script>{script}</bpmn:script></bpmn:scriptTask>')
        if before.startswith("n") and int(before[1:]) % 4 == 3:
            condition = "<bpmn:conditionExpression>x &gt;= 0</bpmn:conditionExpression>"
            parts.append(f'<bpmn:endEvent id="e{before}"/>')
            flows.append(f'<bpmn:sequenceFlow id="d{before[1:]}" sourceRef="{before}" targetRef="e{before}"/>')
        flows.append(
            f'<bpmn:sequenceFlow id="f{n}" sourceRef="{before}" targetRef="n{n}">{condition}</bpmn:sequenceFlow>'
        )
        before = f"n{n}"
    parts.append('<bpmn:endEvent id="e"/>')
    flows.append(f'<bpmn:sequenceFlow id="f" sourceRef="{before}" targetRef="e"/>')
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="bench">'
        f'<bpmn:process id="flow" isExecutable="true">{"".join(parts + flows)}</bpmn:process></bpmn:definitions>'
    )


def celery(_: str) -> Peer:
    """Celery, with a worker of two processes; its addresses come by the environment."""
    # Not above: the addresses of its broker are read at import, and the other peers have none.
    from tests.bench.durable_chain import Chains

    chains = Chains()
    atexit.register(chains.close)
    return chains


PEERS: Mapping[str, Callable[[str], Peer]] = {"celery": celery, "dbos": dbos, "spiff": spiff}


def main() -> int:
    kind, address = sys.argv[1:3]
    answer = PEERS[kind](address)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
