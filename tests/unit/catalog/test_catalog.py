"""What the catalog finds, and that no plug-in can break it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from taktflow.catalog import CONNECTORS, NODES, Announced, Catalog, announced
from taktflow.definitions.vocabulary import Vocabulary
from taktflow.errors import NotFound
from taktflow.sdk import Node, NodeConfig, NodeContext, Result, Text


class Grams(NodeConfig):
    kg: int = Field(description="Kilograms.")


class Weigh(Node[Grams]):
    kind = "acme.weigh"
    title = Text("称重", "Weigh")
    idempotency = "pure"
    Config = Grams

    def run(self, config: Grams, context: NodeContext) -> Result:
        return Result(value=config.kg * 1000)


def entry(kind: str, part: Any, distribution: str = "acme", group: Any = NODES) -> Announced:
    def load() -> Any:
        if isinstance(part, BaseException):
            raise part
        return part

    return Announced(group, kind, load, "acme:part", distribution, "1.0")


def error_of(catalog: Catalog, kind: str) -> str:
    return next(i.error for i in catalog.listing() if i.kind == kind)


def test_a_plug_in_is_loaded_when_first_asked_for_and_only_once() -> None:
    loads: list[str] = []

    def load() -> Any:
        loads.append("acme.weigh")
        return Weigh

    catalog = Catalog([Announced(NODES, "acme.weigh", load)])
    assert loads == []

    first, second = catalog.node("acme.weigh"), catalog.node("acme.weigh")

    assert first is second
    assert loads == ["acme.weigh"]


def test_an_unknown_kind_names_what_is_installed() -> None:
    with pytest.raises(NotFound) as refused:
        Catalog.of(nodes=[Weigh]).node("acme.wiegh")

    assert refused.value.code == "catalog.nodes.unknown"
    assert "acme.weigh" in refused.value.message("en")
    assert "acme.weigh" in refused.value.message("zh")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (ImportError("no module named torch"), "ImportError: no module named torch"),
        (SystemExit(3), "SystemExit: 3"),
        ("not a class", "no Node class"),
        (Grams, "no Node class"),
        (type("Bare", (Node,), {"kind": "acme.weigh"}), "lacks run"),
        (type("Named", (Weigh,), {"kind": "acme.other"}), "use one name"),
        (type("Mute", (Weigh,), {"title": Text("", "Weigh")}), "needs words in zh"),
        (type("Odd", (Weigh,), {"idempotency": "maybe"}), "idempotency 'maybe'"),
        (type("Loose", (Weigh,), {"Config": dict}), "Config is no NodeConfig"),
    ],
)
def test_a_broken_plug_in_is_listed_with_its_reason_and_harms_nothing(part: Any, reason: str) -> None:
    class Fine(Weigh):
        kind = "acme.fine"

    catalog = Catalog([entry("acme.weigh", part), entry("acme.fine", Fine)])

    assert reason in error_of(catalog, "acme.weigh")
    assert error_of(catalog, "acme.fine") == ""
    assert catalog.find_node("acme.weigh") is None
    with pytest.raises(NotFound) as refused:
        catalog.node("acme.weigh")
    assert refused.value.code == "catalog.nodes.broken"


def test_a_setting_that_takes_a_name_of_every_node_makes_the_plug_in_unfit() -> None:
    class Titled(NodeConfig):
        title: str = Field(description="Taken.")

    weigher = type("Weigher", (Weigh,), {"Config": Titled})

    assert "title" in error_of(Catalog([entry("acme.weigh", weigher)]), "acme.weigh")


def test_a_word_of_the_grammar_is_no_node_type() -> None:
    class Branch(Weigh):
        kind = "branch"

    assert "grammar" in error_of(Catalog([entry("branch", Branch)]), "branch")


def test_the_bundled_plug_in_wins_over_a_stranger_with_the_same_kind() -> None:
    class Stranger(Weigh):
        pass

    catalog = Catalog([entry("acme.weigh", Stranger, "aaa"), entry("acme.weigh", Weigh, "taktflow")])

    assert type(catalog.node("acme.weigh")) is Weigh
    errors = {i.distribution: i.error for i in catalog.listing()}
    assert errors == {"taktflow": "", "aaa": "taktflow brings it already"}


def test_the_listing_says_what_a_node_is_and_where_it_comes_from() -> None:
    (line,) = Catalog([entry("acme.weigh", Weigh)]).listing()

    assert (line.kind, line.title, line.idempotency) == ("acme.weigh", Text("称重", "Weigh"), "pure")
    assert (line.distribution, line.version, line.group) == ("acme", "1.0", "taktflow.nodes")


def test_a_node_of_the_same_name_as_a_connector_is_another_thing() -> None:
    catalog = Catalog([entry("acme.weigh", Weigh), entry("acme.weigh", "no connector", group=CONNECTORS)])

    assert catalog.find_node("acme.weigh") is not None
    assert catalog.find_connector("acme.weigh") is None


def test_the_schema_of_the_settings_is_known_without_running_the_node() -> None:
    known = Catalog.of(nodes=[Weigh]).node_type("acme.weigh")

    assert known.config_schema["additionalProperties"] is False
    assert known.config_schema["properties"]["kg"]["type"] == "integer"


def test_every_kind_is_announced_once_by_this_installation() -> None:
    ours = [(a.group, a.kind) for a in announced() if a.distribution == "taktflow"]

    assert len(ours) == len(set(ours))


def test_the_checker_learns_from_the_catalog_what_is_installed() -> None:
    vocabulary: Vocabulary = Catalog.of(nodes=[Weigh])

    known = vocabulary.find_node("acme.weigh")

    assert known is not None
    assert known.idempotency == "pure"
    assert vocabulary.node_kinds() == ["acme.weigh"]
    assert vocabulary.find_connector("http") is None
