"""The shape of a workflow is judged without running it, and every judgement says which path it means."""

from __future__ import annotations

import time
import tomllib
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.workflow import Workflow
from taktflow.runtime.shape import shape_findings
from taktflow.texts import sentence
from taktflow.values import Finding

STEP = {"type": "score"}
WORK = {"type": "user_task", "who": ["role:planner"]}
END = {"type": "end"}
FORK = {"type": "fork"}
JOIN = {"type": "join"}
ACTIVE = {"type": "join", "mode": "active"}
BRANCH = {"type": "branch"}
INCLUSIVE = {"type": "branch", "mode": "inclusive"}
WAIT = {"type": "wait", "after": "P1D"}


def a_workflow(nodes: dict[str, Any], *edges: str | dict[str, Any], starts: tuple[str, ...] = ("go",)) -> Workflow:
    """Edges as ``a > b > c`` (a chain); ``if x`` is the condition of the last one."""
    made: list[Any] = []
    for edge in edges:
        if isinstance(edge, dict):
            made.append(edge)
            continue
        chain, _, when = edge.partition(" if ")
        stops = [s.strip() for s in chain.split(">")]
        made += [{"from": source, "to": target} for source, target in pairwise(stops)]
        if when:
            made[-1]["when"] = when
    return Workflow.model_validate(
        {
            "kind": "workflow",
            "id": "flow",
            "title": {"zh": "流程", "en": "Flow"},
            "start": [{"id": s, "type": "manual"} for s in starts],
            "nodes": nodes,
            "edges": made,
        }
    )


def codes(workflow: Workflow, **parts: Any) -> list[tuple[str, str]]:
    return [(f.code.removeprefix("shape."), f.at) for f in shape_findings(workflow, **parts)]


FOUND: list[tuple[str, Workflow, list[tuple[str, str]]]] = [
    (
        "an id that a start and a node share",
        a_workflow({"go": STEP, "done": END}, "go > done"),
        [("id_twice", "/nodes/go")],
    ),
    (
        "an id inside a for-each that is used outside",
        a_workflow(
            {"each": {"type": "foreach", "over": "x", "as": "i", "nodes": {"done": END}}, "done": END},
            "go > each > done",
        ),
        [("id_twice", "/nodes/each/nodes/done")],
    ),
    (
        "an edge into a start",
        a_workflow({"a": WORK, "done": END}, "go > a > done if done", "a > go"),
        [("edge_into_start", "/edges/2")],
    ),
    (
        "an edge twice",
        a_workflow({"done": END}, "go > done", "go > done"),
        [("edge_twice", "/edges/1"), ("several_ways", "/edges/1")],
    ),
    (
        "when and else on one edge",
        a_workflow({"a": BRANCH, "done": END}, "go > a", {"from": "a", "to": "done", "when": "x", "else": True}),
        [("else_when", "/edges/1"), ("else_missing", "/nodes/a")],
    ),
    (
        "a node that takes back what another did, with an edge",
        a_workflow({"a": {**WORK, "undo": "b"}, "b": WORK, "done": END}, "go > a > done if done", "b > done if done"),
        [("undo_connected", "/nodes/b")],
    ),
    ("an end that goes on", a_workflow({"a": END, "b": END}, "go > a > b"), [("end_goes_on", "/nodes/a")]),
    ("a fork with one way", a_workflow({"f": FORK, "b": END}, "go > f > b"), [("fork_single", "/nodes/f")]),
    (
        "a fork with a condition",
        a_workflow({"f": FORK, "b": END, "c": END}, "go > f > b", "f > c if x"),
        [("fork_condition", "/edges/2")],
    ),
    ("a branch without a way", a_workflow({"b": BRANCH}, "go > b"), [("branch_no_way", "/nodes/b")]),
    (
        "a branch without conditions",
        a_workflow({"b": BRANCH, "c": END}, "go > b > c"),
        [("branch_no_condition", "/nodes/b")],
    ),
    (
        "a branch without else",
        a_workflow({"b": BRANCH, "c": END, "d": END}, "go > b", "b > c if x", "b > d if not(x)"),
        [("else_missing", "/nodes/b")],
    ),
    (
        "an approval whose rejection leads nowhere",
        a_workflow({"b": {"type": "approval", "who": ["role:a"]}, "c": END}, "go > b", "b > c if approved"),
        [("else_missing", "/nodes/b")],
    ),
    (
        "several free edges behind a step",
        a_workflow({"a": STEP, "b": END, "c": END}, "go > a > b", "a > c"),
        [("several_ways", "/edges/2")],
    ),
    ("a start alone", a_workflow({"a": END}, "go > a", starts=("go", "alone")), [("start_alone", "/start/1")]),
    ("an end that is not declared", a_workflow({"a": STEP}, "go > a"), [("implicit_end", "/nodes/a")]),
    ("a join of one", a_workflow({"j": JOIN, "e": END}, "go > j > e"), [("join_single", "/nodes/j")]),
    (
        "a join for more than can come",
        a_workflow(
            {"f": FORK, "a": STEP, "b": STEP, "j": {"type": "join", "mode": {"first": 3}}, "e": END},
            "go > f > a > j > e",
            "f > b > j",
        ),
        [("join_first", "/nodes/j")],
    ),
    (
        "a for-each without a beginning",
        a_workflow(
            {
                "l": {
                    "type": "foreach",
                    "over": "x",
                    "as": "i",
                    "nodes": {"a": WORK, "b": STEP},
                    "edges": [["a", "b"], ["b", "a"]],
                },
                "e": END,
            },
            "go > l > e",
        ),
        [("no_entry", "/nodes/l/nodes")],
    ),
    (
        "a for-each with two beginnings",
        a_workflow(
            {"l": {"type": "foreach", "over": "x", "as": "i", "nodes": {"a": WORK, "b": STEP}}, "e": END},
            "go > l > e",
        ),
        [("several_entries", "/nodes/l/nodes")],
    ),
    ("an island", a_workflow({"a": END, "b": END}, "go > a"), [("unreachable", "/nodes/b")]),
    (
        "a cycle nobody leaves",
        a_workflow({"a": WORK, "b": WAIT}, "go > a > b > a"),
        [("no_way_out", "/nodes/a"), ("no_way_out", "/nodes/b")],
    ),
    (
        "a cycle in which nothing waits",
        a_workflow({"a": STEP, "b": BRANCH, "e": END}, "go > a > b", "b > a if x", "b > e"),
        [("cycle_unguarded", "/nodes/a")],
    ),
    (
        "a join behind an exclusive branch",
        a_workflow(
            {"b": BRANCH, "x": STEP, "y": STEP, "j": JOIN, "e": END},
            "go > b",
            "b > x if q",
            "b > y",
            "x > j > e",
            "y > j",
        ),
        [("join_never", "/nodes/j")],
    ),
    (
        "a join one of whose paths may end early",
        a_workflow(
            {"f": FORK, "x": STEP, "b": BRANCH, "j": JOIN, "e": END, "early": END},
            "go > f > x > j > e",
            "f > b",
            "b > j if q",
            "b > early",
        ),
        [("join_stuck", "/nodes/j")],
    ),
    (
        "a join whose path may take an error route past it",
        a_workflow(
            {"f": FORK, "x": {**STEP, "on": {"error": "late"}}, "y": STEP, "j": JOIN, "e": END, "late": END},
            "go > f > x > j > e",
            "f > y > j",
        ),
        [("join_stuck", "/nodes/j")],
    ),
    (
        "a join that gets one path twice",
        a_workflow(
            {"f": FORK, "g": FORK, "x": STEP, "y": STEP, "m": STEP, "z": STEP, "j": JOIN, "e": END},
            "go > f > g",
            "g > x > m > j > e",
            "g > y > m",
            "f > z > j",
        ),
        [("join_left_over", "/nodes/j")],
    ),
    (
        "a cycle that doubles itself",
        a_workflow(
            {"f": FORK, "a": WORK, "b": WORK, "e": END},
            "go > f > a > f if again",
            "a > e",
            "f > b > f if again",
            "b > e",
        ),
        [("growth", "/nodes/a")],
    ),
    (
        "a cycle that sends out paths",
        a_workflow(
            {"w": WAIT, "f": FORK, "t": WORK, "b": BRANCH, "e": END},
            "go > w > f > t > e",
            "f > b",
            "b > w if x",
            "b > e",
        ),
        [("growth_slow", "/nodes/t")],
    ),
]


@pytest.mark.mission("E1")
@pytest.mark.parametrize(("workflow", "expected"), [(w, e) for _, w, e in FOUND], ids=[n for n, _, _ in FOUND])
def test_a_wrong_shape_is_found_at_its_place(workflow: Workflow, expected: list[tuple[str, str]]) -> None:
    assert codes(workflow) == expected


SOUND: list[tuple[str, Workflow]] = [
    ("a line", a_workflow({"a": STEP, "done": END}, "go > a > done")),
    (
        "two starts into one flow",
        a_workflow({"a": STEP, "done": END}, "go > a > done", "other > a", starts=("go", "other")),
    ),
    (
        "fork and join",
        a_workflow({"f": FORK, "a": STEP, "b": WORK, "j": JOIN, "e": END}, "go > f > a > j > e", "f > b > j"),
    ),
    (
        "an inclusive branch and an active join",
        a_workflow(
            {"b": INCLUSIVE, "x": STEP, "y": WORK, "z": STEP, "j": ACTIVE, "e": END},
            "go > b",
            "b > x if p",
            "b > y if q",
            "b > z",
            "x > j > e",
            "y > j",
            "z > j",
        ),
    ),
    (
        "an active join behind a path that may end early",
        a_workflow(
            {"f": FORK, "x": STEP, "b": BRANCH, "j": ACTIVE, "e": END, "early": END},
            "go > f > x > j > e",
            "f > b",
            "b > j if q",
            "b > early",
        ),
    ),
    (
        "the first of two quotes",
        a_workflow(
            {"f": FORK, "a": WORK, "b": WORK, "j": {"type": "join", "mode": {"first": 1}}, "e": END},
            "go > f > a > j > e",
            "f > b > j",
        ),
    ),
    (
        "the first of two quotes, the other cancelled",
        a_workflow(
            {"f": FORK, "a": WORK, "b": WORK, "j": {"type": "join", "mode": {"first": 1, "rest": "cancel"}}, "e": END},
            "go > f > a > j > e",
            "f > b > j",
        ),
    ),
    (
        "an approval with both outcomes",
        a_workflow(
            {"b": {"type": "approval", "who": ["role:a"]}, "c": END, "d": END},
            "go > b",
            "b > c if approved",
            "b > d if rejected",
        ),
    ),
    (
        "a race of a message and a timer",
        a_workflow(
            {
                "w": {"type": "wait", "any": {"paid": {"message": "paid"}, "late": {"after": "P3D"}}},
                "c": END,
                "d": END,
            },
            "go > w",
            "w > c if paid",
            "w > d if late",
        ),
    ),
    (
        "a rework loop through a person",
        a_workflow(
            {"a": STEP, "w": {**WORK, "outcomes": ["done", "again"]}, "e": END},
            "go > a > w",
            "w > a if again",
            "w > e if done",
        ),
    ),
    (
        "a counted loop",
        a_workflow({"a": {**STEP, "max_visits": 3}, "b": BRANCH, "e": END}, "go > a > b", "b > a if x", "b > e"),
    ),
    (
        "a counted loop that sends out paths",
        a_workflow(
            {"w": {**WAIT, "max_visits": 3}, "f": FORK, "t": WORK, "b": BRANCH, "e": END},
            "go > w > f > t > e",
            "f > b",
            "b > w if x",
            "b > e",
        ),
    ),
    (
        "a fork and join inside a loop",
        a_workflow(
            {"f": FORK, "a": STEP, "b": WORK, "j": JOIN, "c": BRANCH, "e": END},
            "go > f > a > j > c",
            "f > b > j",
            "c > f if again",
            "c > e",
        ),
    ),
    (
        "an error route that comes back to the join by its own edge",
        a_workflow(
            {"f": FORK, "x": {**STEP, "on": {"timeout": "j"}}, "y": STEP, "j": JOIN, "e": END},
            "go > f > x > j > e",
            "f > y > j",
        ),
    ),
    (
        "an end that stops everything",
        a_workflow(
            {"f": FORK, "x": STEP, "b": BRANCH, "j": JOIN, "e": END, "stop": {"type": "end", "terminate": True}},
            "go > f > x > j > e",
            "f > b",
            "b > j if q",
            "b > stop",
        ),
    ),
    (
        "a for-each with an inner fork",
        a_workflow(
            {
                "l": {
                    "type": "foreach",
                    "over": "x",
                    "as": "i",
                    "nodes": {"f": FORK, "a": STEP, "b": STEP, "j": JOIN},
                    "edges": [["f", "a"], ["f", "b"], ["a", "j"], ["b", "j"]],
                },
                "e": END,
            },
            "go > l > e",
        ),
    ),
]


@pytest.mark.parametrize("workflow", [w for _, w in SOUND], ids=[n for n, _ in SOUND])
def test_a_sound_shape_has_no_findings(workflow: Workflow) -> None:
    assert codes(workflow) == []


def the(code: str, workflow: Workflow) -> Finding:
    return next(f for f in shape_findings(workflow) if f.code == code)


def test_a_stuck_join_shows_the_path_that_leads_to_it() -> None:
    workflow = next(w for n, w, _ in FOUND if n == "a join one of whose paths may end early")

    found = the("shape.join_stuck", workflow)

    assert found.args["path"] == "f → x + b; b → early"
    assert found.args["missing"] == "b"


def test_an_unguarded_cycle_is_shown_as_a_round() -> None:
    workflow = next(w for n, w, _ in FOUND if n == "a cycle in which nothing waits")

    assert the("shape.cycle_unguarded", workflow).args["nodes"] == "a → b → a"


def test_a_wrong_join_inside_a_for_each_is_found_at_its_place() -> None:
    inner = {"b": BRANCH, "x": STEP, "y": STEP, "j": JOIN}
    edges = [["b", "x"], {"from": "b", "to": "y", "when": "q"}, ["x", "j"], ["y", "j"]]
    each = {"type": "foreach", "over": "x", "as": "i", "nodes": inner, "edges": edges}

    assert codes(a_workflow({"l": each, "e": END}, "go > l > e")) == [("join_never", "/nodes/l/nodes/j")]


def test_edges_that_name_unknown_nodes_do_not_stop_the_rest_from_being_found() -> None:
    workflow = a_workflow({"a": STEP, "done": END}, "go > a > done", "a > nowhere", "nobody > a")

    assert codes(workflow) == []


def wide(branches: int) -> Workflow:
    """A fork into many branches that each choose one of three ways before the join."""
    nodes: dict[str, Any] = {"f": FORK, "j": JOIN, "e": END}
    edges: list[str] = ["go > f", "j > e"]
    for i in range(branches):
        nodes |= {f"b{i}": BRANCH, f"x{i}": STEP, f"y{i}": STEP, f"m{i}": STEP}
        edges += [f"f > b{i}", f"b{i} > x{i} if p", f"b{i} > y{i} if q", f"b{i} > m{i}", f"x{i} > m{i}", f"y{i} > m{i}"]
        edges += [f"m{i} > j"]
    return a_workflow(nodes, *edges)


def test_many_parallel_choices_stay_within_the_budget_and_time() -> None:
    began = time.process_time()

    assert codes(wide(12)) == []
    assert time.process_time() - began < 2


def test_a_flow_of_two_thousand_nodes_is_judged_within_seconds() -> None:
    nodes: dict[str, Any] = {f"n{i}": STEP for i in range(2000)} | {"f": FORK, "j": JOIN, "x": STEP, "done": END}
    chain = " > ".join(f"n{i}" for i in range(2000))
    flow = a_workflow(nodes, f"go > {chain} > f > x > j > done", "f > j")

    began = time.process_time()

    assert codes(flow) == []
    assert time.process_time() - began < 2


def test_what_could_not_be_looked_at_is_said() -> None:
    assert codes(wide(3), budget=5) == [("incomplete", "")]


def test_an_inclusive_branch_of_many_conditions_is_thinned_and_says_so() -> None:
    nodes: dict[str, Any] = {"b": INCLUSIVE, "j": ACTIVE, "e": END, "z": STEP}
    edges = ["go > b", "j > e", "b > z > j"]
    for i in range(12):
        nodes[f"x{i}"] = STEP
        edges += [f"b > x{i} if p{i}", f"x{i} > j"]

    assert codes(a_workflow(nodes, *edges)) == [("incomplete", "")]


def test_every_shape_finding_has_words_in_both_languages_and_a_case_here() -> None:
    ours = tomllib.loads(files("taktflow.texts").joinpath("shape.toml").read_text(encoding="utf-8"))
    shown = {f.code for _, w, _ in FOUND for f in shape_findings(w)} | {"shape.incomplete"}

    assert set(ours) == shown
    for _, workflow, _ in FOUND:
        for finding in shape_findings(workflow):
            for text in (sentence(finding.code, "zh", finding.args), sentence(finding.code, "en", finding.args)):
                assert "{" not in text


BLOCKS = st.recursive(
    st.sampled_from(["step", "work"]),
    lambda inner: st.tuples(
        st.sampled_from(["seq", "choice", "parallel", "inclusive", "loop"]), st.lists(inner, min_size=2, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(BLOCKS)
def test_flows_built_of_matching_blocks_are_sound(block: Any) -> None:
    nodes: dict[str, Any] = {}
    edges: list[str] = []

    def fresh(node: dict[str, Any]) -> str:
        id = f"n{len(nodes)}"
        nodes[id] = node
        return id

    def add(part: Any) -> tuple[str, str]:
        if isinstance(part, str):
            id = fresh(STEP if part == "step" else {**WORK, "outcomes": ["done"]})
            return id, id
        kind, inner = part
        if kind == "seq":
            ends = [add(p) for p in inner]
            edges.extend(f"{a[1]} > {b[0]}" for a, b in pairwise(ends))
            return ends[0][0], ends[-1][1]
        if kind == "loop":
            first, last = add(inner[0])
            turn, out = fresh({**BRANCH, "max_visits": 5}), fresh(STEP)
            edges.extend([f"{last} > {turn}", f"{turn} > {first} if again", f"{turn} > {out}"])
            return first, out
        opening = {"choice": BRANCH, "parallel": FORK, "inclusive": INCLUSIVE}[kind]
        closing = {"choice": STEP, "parallel": JOIN, "inclusive": ACTIVE}[kind]
        first, last = fresh(opening), fresh(closing)
        for i, p in enumerate(inner):
            a, b = add(p)
            conditional = kind != "parallel" and i < len(inner) - 1
            edges.extend([f"{first} > {a}" + (f" if c{i}" if conditional else ""), f"{b} > {last}"])
        return first, last

    first, last = add(block)
    nodes["done"] = END

    found = codes(a_workflow(nodes, f"go > {first}", *edges, f"{last} > done"))

    assert [f for f in found if f[0] != "incomplete"] == []
