"""Every way in which a text is no document, or a document no definition, is one finding with its line."""

from __future__ import annotations

import time
import tomllib
from decimal import Decimal
from importlib.resources import files

import pytest
from pydantic import Field

from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Model
from taktflow.definitions.load import definition, load, load_all, modelled
from taktflow.definitions.places import Place, pointed
from taktflow.definitions.workflow import Workflow
from taktflow.texts import sentence
from taktflow.values import Finding

HEAD = "kind: workflow\nid: flow\ntitle: {zh: 流程, en: Flow}\nstart: [{id: go, type: manual}]\n"
FLOW = HEAD + "nodes: {done: {type: end}}\nedges: [[go, done]]\n"


def findings_of(source: str | bytes, name: str = "x.yaml") -> list[Finding]:
    loaded = load(source, name)
    _, found = definition(loaded)
    return [*loaded.findings, *found]


def codes(source: str | bytes, name: str = "x.yaml") -> list[tuple[str, int]]:
    return [(f.code, f.line) for f in findings_of(source, name)]


UNREADABLE: list[tuple[str, str | bytes, str, int]] = [
    ("x.yaml", "", "definition.empty", 0),
    ("x.yaml", "# only a remark\n", "definition.empty", 0),
    ("x.yaml", "---\n...\n", "definition.empty", 0),
    ("x.yaml", "- a\n- b\n", "definition.no_mapping", 1),
    ("x.yaml", "just words", "definition.no_mapping", 1),
    ("x.yaml", "kind: workflow\n\tid: x\n", "definition.tab", 2),
    ("x.yaml", "kind: workflow\nid: @home\n", "definition.character", 2),
    ("x.yaml", "kind: workflow\nnote: a: b\n", "definition.colon", 2),
    ("x.yaml", "kind: workflow\nid\ntitle: x\n", "definition.colon_missing", 3),
    ("x.yaml", 'kind: workflow\nid: "open\n', "definition.quote_open", 3),
    ("x.yaml", "kind: workflow\nedges: [[a, b]\nid: x\n", "definition.bracket_open", 3),
    ("x.yaml", "kind: workflow\n  id: x\n", "definition.colon", 2),
    ("x.yaml", "a:\n    b: 1\n  c: 2\n", "definition.indent", 3),
    ("x.yaml", 'kind: "a\\q"\n', "definition.escape", 1),
    ("x.yaml", "kind: a\nid: b\x07\n", "definition.control_character", 2),
    ("x.yaml", "kind: &a\n  - *a\n", "definition.alias_circle", 2),
    ("x.yaml", "kind: *nowhere\n", "definition.alias_unknown", 1),
    ("x.yaml", "? [a]\n: b\n", "definition.key_no_text", 1),
    ("x.yaml", "%YAML 3.0\n---\na: b\n", "definition.syntax", 1),
    ("x.yaml", b"kind: workflow\nid: \xff\xfe\n", "definition.encoding", 2),
    ("x.yaml", "a: b\n" * 500_000, "definition.too_large", 0),
    ("x.yaml", "a: " + "[" * 200 + "]" * 200, "definition.too_deep", 1),
    ("x.yaml", "a: [" + "1," * 250_000 + "]", "definition.too_many_values", 1),
    ("x.json", '{"kind": "workflow",\n', "definition.json_key", 2),
    ("x.json", '{"kind":', "definition.json_ends", 1),
    ("x.json", '{"kind": workflow}', "definition.json_word", 1),
    ("x.json", '{"kind": NaN}', "definition.json_word", 1),
    ("x.json", '{"kind": "a"\n "id": "b"}', "definition.bracket_open", 2),
    ("x.json", '{"kind" "a"}', "definition.colon_missing", 1),
    ("x.json", '{"kind": "a"}\n{"kind": "b"}', "definition.json_more", 2),
    ("x.json", '{"kind": "a', "definition.quote_open", 1),
    ("x.json", '{"kind": "\\ud800"}', "definition.escape", 1),
    ("x.json", "[" * 100_000, "definition.too_deep", 1),
    ("x.json", '{"a": 1e999999999}', "definition.number_huge", 1),
    ("x.json", "[]", "definition.no_mapping", 1),
    ("x.json", "", "definition.empty", 0),
]


@pytest.mark.parametrize(("name", "source", "code", "line"), UNREADABLE)
def test_an_unreadable_text_is_one_finding_with_its_line(name: str, source: str | bytes, code: str, line: int) -> None:
    loaded = load(source, name)

    assert [(f.code, f.line, f.file) for f in loaded.findings] == [(code, line, name)]
    assert loaded.document is None
    assert definition(loaded) == (None, ())


def test_an_alias_bomb_is_refused_fast() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join('*' + a for _ in range(9))}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )

    began = time.process_time()
    found = codes(bomb)

    assert [c for c, _ in found] == ["definition.too_many_values"]
    assert time.process_time() - began < 2


MISFITS: list[tuple[str, str, int]] = [
    ("id: x\n", "definition.kind_missing", 1),
    ("id: x\nkind: workfow\n", "definition.kind_near", 2),
    ("id: x\nkind: 12\n", "definition.kind_unknown", 2),
    (FLOW + "id: twice\n", "definition.key_twice", 7),
    (FLOW + "note: 0571\n", "definition.leading_zero", 7),
    (FLOW + "priority: .inf\n", "definition.number_infinite", 7),
    (FLOW + "owner: !!python/object:os.system x\n", "definition.tag", 7),
    (FLOW + "priority: " + "9" * 90 + "\n", "definition.number_huge", 7),
    (FLOW + "---\n" + FLOW, "definition.several", 8),
    (FLOW + "nodez: 1\n", "definition.key_near", 7),
    (FLOW + "zzz: 1\n", "definition.key_unknown", 7),
    (FLOW.replace("title: {zh: 流程, en: Flow}\n", ""), "definition.missing", 1),
    (FLOW.replace("en: Flow", "en: 12"), "definition.type_text", 3),
    (FLOW.replace("type: end", "type: end, terminate: yes"), "definition.type_boolean", 5),
    (FLOW.replace("type: end", "type: end, max_visits: '3'"), "definition.type_integer", 5),
    (FLOW.replace("type: end", "type: x, retry: {factor: [1]}"), "definition.type_number", 5),
    (FLOW.replace("{type: end}", "end"), "definition.type_mapping", 5),
    (FLOW.replace("[[go, done]]", "nothing"), "definition.type_list", 6),
    (FLOW.replace("[[go, done]]", "[[go, on, done]]"), "definition.edge", 6),
    (FLOW.replace("[go, done]", "[go, Done]"), "definition.slug", 6),
    (FLOW.replace("{done:", "{Done:"), "definition.slug", 5),
    (FLOW.replace("type: end", "type: wait, after: 12"), "definition.span", 5),
    (FLOW.replace("type: end", "type: wait, key: {$: ''}"), "definition.computed", 5),
    (FLOW.replace("type: end", "type: join, mode: [1]"), "definition.value", 5),
    (FLOW.replace("type: end", "type: join, mode: al"), "definition.choice_near", 5),
    (FLOW.replace("type: end", "type: join, mode: zzz"), "definition.choice", 5),
    (FLOW.replace("type: manual", "type: zzz"), "definition.choice", 4),
    (FLOW.replace("type: end", "type: call, ref: a@b"), "definition.ref", 5),
    (FLOW.replace("type: end", "type: user_task, who: [supervisor]"), "definition.principal", 5),
    (FLOW.replace("type: end", "type: Bad Type"), "definition.node_type", 5),
    (FLOW.replace("type: end", "type: end, max_visits: 0"), "definition.number_low", 5),
    (FLOW.replace("type: end", "type: end, max_visits: 900000"), "definition.number_high", 5),
    (FLOW.replace("en: Flow", "en: ''"), "definition.text_short", 3),
    (FLOW.replace("en: Flow", "en: " + "x" * 500), "definition.text_long", 3),
    (FLOW.replace("[{id: go, type: manual}]", "[]"), "definition.few", 4),
]


@pytest.mark.mission("E1")
@pytest.mark.parametrize(("source", "code", "line"), MISFITS)
def test_a_document_that_is_no_definition_is_one_finding_with_its_line(source: str, code: str, line: int) -> None:
    assert codes(source) == [(code, line)]


def test_a_model_of_another_area_is_fitted_with_the_same_findings() -> None:
    class Case(Model):
        day: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}$")

    _, found = modelled(load("day: May\n", "cases.yaml"), Case)

    assert [(f.code, f.at) for f in found] == [("definition.pattern", "/day")]


def test_too_many_entries_are_a_finding() -> None:
    entity = (
        "kind: entity\nid: e\ntitle: {zh: 甲, en: E}\nkey: a\nfields: {a: {type: text}}\n"
        "index: [a, a, a, a, a, a, a, a, a]\n"
    )

    assert codes(entity) == [("definition.many", 6)]


def test_all_findings_come_at_once_in_the_order_of_the_document() -> None:
    source = (
        "kind: workflow\nid: Flow\ntitle: {zh: 流程}\nstart: [{id: go, type: manual}]\nnodes:\n"
        "  a: {type: decision, retry: {max: x, frist: PT1S}}\n"
        "  b: {type: wait, after: {work: PT4H, calender: plant}}\n"
        "  c: {type: foreach, over: x, as: i, nodes: {d: {type: end, terminat: true}}, edges: [[d]]}\n"
    )

    found = findings_of(source)

    assert [(f.code, f.at, f.line) for f in found] == [
        ("definition.slug", "/id", 2),
        ("definition.missing", "/title", 3),
        ("definition.type_integer", "/nodes/a/retry/max", 6),
        ("definition.key_near", "/nodes/a/retry/frist", 6),
        ("definition.missing", "/nodes/b/after", 7),
        ("definition.key_near", "/nodes/b/after/calender", 7),
        ("definition.key_near", "/nodes/c/nodes/d/terminat", 8),
        ("definition.edge", "/nodes/c/edges/0", 8),
    ]
    assert {f.args.get("near") for f in found} >= {"first", "calendar", "terminate"}


def test_every_finding_of_reading_has_a_sentence_in_both_languages_with_all_its_arguments() -> None:
    small = [(s, n) for n, s, _, _ in UNREADABLE if len(s) < 10_000]
    sources = small + [(s, "x.yaml") for s, _, _ in MISFITS]

    for source, name in sources:
        for finding in findings_of(source, name):
            for text in (sentence(finding.code, "zh", finding.args), sentence(finding.code, "en", finding.args)):
                assert not text.startswith("definition.")
                assert "{" not in text.replace("{...}", "").replace("{0,", ""), text


def test_every_code_of_reading_is_shown_by_a_case_here() -> None:
    shown = {c for _, _, c, _ in UNREADABLE} | {c for _, c, _ in MISFITS}
    elsewhere = {"definition.many", "definition.pattern"}

    ours = tomllib.loads(files("taktflow.texts").joinpath("definitions.toml").read_text(encoding="utf-8"))
    assert {c for c in ours if c.startswith("definition.")} == shown | elsewhere


def test_words_mean_what_yaml_1_2_says_and_numbers_are_exact() -> None:
    source = (
        "on: on\nyes: yes\nday: 2026-10-01\nclock: 12:30\nprice: 12.50\nwhole: 12\nhex: 0x1F\noctal: 0o17\n"
        "text: '12'\nnothing:\nalso_nothing: ~\ntruth: true\nminus: -3\nexponent: 1e3\ntagged: !!str 12\n"
    )

    document = load(source, "x.yaml").document

    assert document == {
        "on": "on",
        "yes": "yes",
        "day": "2026-10-01",
        "clock": "12:30",
        "price": Decimal("12.50"),
        "whole": 12,
        "hex": 31,
        "octal": 15,
        "text": "12",
        "nothing": None,
        "also_nothing": None,
        "truth": True,
        "minus": -3,
        "exponent": Decimal("1E+3"),
        "tagged": "12",
    }
    assert str(document["price"]) == "12.50"
    assert type(document["whole"]) is int


def test_keys_are_always_text() -> None:
    assert load("2026-10-01: a\n1: b\ntrue: c\n", "x.yaml").document == {"2026-10-01": "a", "1": "b", "true": "c"}


def test_places_are_known_for_every_value_in_yaml_and_in_json() -> None:
    yaml = load("中文: 一\na:\n  - b: 1\n    c/d: 2\n  - x\n", "x.yaml")
    json = load('{"中文": "一",\n "a": [\n  {"b": 1},\n  "x"]}', "x.json")

    assert yaml.places[pointed("a", 0, "c/d")] == Place(4, 5)
    assert yaml.places["/a/1"] == Place(5, 5)
    assert yaml.finding("code", "/a/0/c~1d/deeper").line == 4
    assert json.places == {
        "": Place(1, 1),
        "/中文": Place(1, 2),
        "/a": Place(2, 2),
        "/a/0": Place(3, 3),
        "/a/0/b": Place(3, 4),
        "/a/1": Place(4, 3),
    }


def test_json_reads_as_the_same_document_as_yaml() -> None:
    json = '{"a": [1, 1.50, -2e3, true, false, null, "x\\ny\\u00e9"], "b": {}, "c": []}'

    assert load(json, "x.json").document == load(json, "x.yaml").document
    assert load(json, "x.json").document["a"][1] == Decimal("1.50")


def test_an_alias_stands_for_its_anchor_with_places_of_its_own() -> None:
    loaded = load("a: &x {b: 1}\nc: *x\n", "x.yaml")

    assert loaded.document == {"a": {"b": 1}, "c": {"b": 1}}
    assert loaded.document["a"] is not loaded.document["c"]
    assert loaded.places["/c"] == Place(2, 1)


def test_several_documents_in_one_file_keep_their_own_text_with_its_remarks() -> None:
    first, second = load_all("# 甲\na: 1\n---\n# 乙\nb: 2\n", "x.yaml")

    assert (first.document, second.document) == ({"a": 1}, {"b": 2})
    assert first.source == "# 甲\na: 1\n"
    assert second.source == "# 乙\nb: 2\n"
    assert second.places["/b"].line == 5


def test_a_broken_second_document_does_not_hide_the_first() -> None:
    first, second = load_all(FLOW + "---\na: [\n", "x.yaml")

    assert definition(first)[0] is not None
    assert second.document is None
    assert second.findings[0].code == "definition.bracket_open"


def test_a_good_workflow_becomes_its_model() -> None:
    found, findings = definition(load(FLOW, "x.yaml"))

    assert isinstance(found, Workflow)
    assert findings == ()
    assert found.edges[0].source == "go"


def test_a_table_of_ten_thousand_rows_loads_within_seconds() -> None:
    rows = "".join(f"  - [r{i}, '>= {i}', CN, {i}.50]\n" for i in range(10_000))
    head = "kind: decision\nid: price\ntitle: {zh: 价, en: Price}\n"
    columns = "inputs: [{id: q, type: number}, {id: region, type: text}]\noutputs: [{id: price, type: number}]\n"

    began = time.process_time()
    found, findings = definition(load(head + columns + "rows:\n" + rows, "x.yaml"))

    assert isinstance(found, Decision)
    assert findings == ()
    assert isinstance(found.rows, tuple)
    assert found.rows[9999][3] == Decimal("9999.50")
    assert time.process_time() - began < 5
