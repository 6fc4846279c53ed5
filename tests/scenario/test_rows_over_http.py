"""A price list in a spreadsheet's file comes over HTTP with its table, and mistakes in it come back by its lines."""

from __future__ import annotations

import shutil
from pathlib import Path

from taktflow.services.caller import Caller
from taktflow.services.publish import publish_pack
from tests.door import PACK, a_door, an_engine

TABLE = """\
kind: decision
id: list_price
title: {zh: 目录价, en: List price}
hit_policy: first
inputs: [{id: product, type: text}, {id: qty, type: number}]
outputs: [{id: price, type: number, currency: CNY}]
rows: {file: prices/list.csv}
"""


def files(csv: str) -> dict[str, list[dict[str, str]]]:
    sent = {"pack.yaml": PACK["pack.yaml"], "tables/list_price.yaml": TABLE, "tables/prices/list.csv": csv}
    return {"files": [{"name": name, "source": source} for name, source in sent.items()]}


def test_a_table_is_published_with_the_rows_of_its_file_and_refused_by_their_lines(tmp_path: Path) -> None:
    rows = "".join(f"P{n},{n},-,r{n}\r\n" for n in range(1, 4_001))
    with a_door(tmp_path) as door:
        ann = door.user("ann")

        refused = ann.send("/api/packs/publish", files("product,price,qty,id\r\nP1,1,-,r1\r\nP2,cheap,-,r2\r\n"))
        lost = ann.send("/api/definitions/check", {"files": files("")["files"][:2]}).json()
        done = ann.send("/api/packs/publish", files("\ufeffproduct,price,qty,id\r\n" + rows))
        held = ann.read("/api/definitions/decision/list_price")["document"]

    (finding,) = refused.json()["findings"]
    assert (refused.status_code, finding["code"]) == (422, "table.output_cell")
    assert (finding["file"], finding["line"], finding["column"]) == ("tables/prices/list.csv", 3, 2)
    assert [(f["code"], f["file"], f["line"]) for f in lost["findings"]] == [
        (code, "tables/list_price.yaml", 7) for code in ("csv.missing", "table.rows_unread")
    ]
    assert done.json()["published"][-1] == {"kind": "decision", "id": "list_price", "version": 1}
    assert (len(held["rows"]), held["rows"][-1]) == (4_000, ["r4000", "P4000", "-", "4000"])


def test_a_folder_with_a_file_of_rows_is_published_and_a_changed_row_is_a_new_version(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    (folder / "prices").mkdir(parents=True)
    (folder / "pack.yaml").write_text(PACK["pack.yaml"], encoding="utf-8")
    (folder / "list_price.yaml").write_text(TABLE, encoding="utf-8")
    list_ = folder / "prices" / "list.csv"
    me = Caller("ann")

    with an_engine(tmp_path / "var") as engine:
        list_.write_text("id,product,qty,price\nr1,P1,-,1\n", encoding="utf-8")
        first = publish_pack(engine, folder, me)
        list_.write_text("id,product,qty,price\nr1,P1,-,2\n", encoding="utf-8")
        second = publish_pack(engine, folder, me)
        list_.write_text("price,qty,product,id\n2,-,P1,r1\n", encoding="utf-8")
        third = publish_pack(engine, folder, me)
        shutil.rmtree(folder)
        _, held = engine.published.shelf.listed("decision")["list_price"]

    assert [done.published[-1:] for done in (first, second)] == [(("decision", "list_price", n),) for n in (1, 2)]
    assert third.published == ()
    assert held.rows == (("r1", "P1", "-", "2"),)  # type: ignore[attr-defined]  # It is a decision.
