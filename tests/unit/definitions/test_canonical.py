"""However a definition is written, one meaning has one canonical form and one hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from taktflow.definitions.canonical import canonical, content_hash
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.kinds import KINDS
from taktflow.definitions.load import definition, load, load_all
from taktflow.values import dumps, loads

EVERYTHING = Path(__file__).parents[2] / "contract" / "definitions" / "everything.yaml"
FLOW = """
kind: workflow
id: flow
title: {zh: 流程, en: Flow}
start: [{id: go, type: manual}]
nodes:
  w: {type: wait, after: PT1H}
  done: {type: end}
edges: [[go, w], [w, done]]
"""


def the(text: str) -> Envelope:
    found, findings = definition(load(text, "x.yaml"))
    assert found is not None, findings
    return found


EVERY = [
    pytest.param(found, id=f"{found.kind}-{found.id}")
    for loaded in load_all(EVERYTHING.read_bytes(), "everything.yaml")
    if (found := definition(loaded)[0]) is not None
]


@pytest.mark.parametrize("made", EVERY)
def test_what_is_stored_reads_back_as_the_same_definition(made: Envelope) -> None:
    back = KINDS[made.kind].model_validate(loads(dumps(canonical(made))))

    assert back == made
    assert back.model_fields_set == made.model_fields_set
    assert content_hash(back) == content_hash(made)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (FLOW.replace("[[go, w], [w, done]]", "[{to: w, from: go}, [w, done]]"), True),
        ("# a remark\n" + FLOW.replace("{type: wait, after: PT1H}", "\n    after: PT1H\n    type: 'wait'"), True),
        (FLOW + "layout: {nodes: {w: [1, 2]}}\n", True),
        (FLOW.replace("PT1H", "PT2H"), False),
        (FLOW.replace("en: Flow", "en: Other"), False),
        (FLOW + "note: x\n", False),
    ],
)
def test_the_hash_is_of_the_meaning(other: str, same: bool) -> None:
    assert (content_hash(the(FLOW)) == content_hash(the(other))) is same


def test_keys_stand_in_the_order_of_the_model_and_named_parts_in_the_order_of_the_author() -> None:
    made = canonical(
        the(
            "start: [{type: manual, id: go}]\nnodes: {z: {type: end}, a: {type: end}}\n"
            "id: x\nkind: workflow\ntitle: {en: E, zh: 一}"
        )
    )

    assert list(made) == ["kind", "id", "title", "start", "nodes"]
    assert list(made["title"]) == ["zh", "en"]
    assert list(made["start"][0]) == ["id", "type"]
    assert list(made["nodes"]) == ["z", "a"]
