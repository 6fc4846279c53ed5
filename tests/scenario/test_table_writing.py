"""Changed tables go back into their files: what did not change stays as its author wrote it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.errors import Invalid
from taktflow.rules.exchange import difference
from taktflow.services.table_files import drafted_at
from taktflow.services.table_writing import rewritten

PLAIN = """\
# The price list of the house.
kind: decision
id: price
title: {zh: 价格, en: Price}   # both languages
inputs:
  - {id: product, type: text}
  - {id: qty, type: number}
outputs: [{id: price, type: number, formula: true}]
rows:
  # pipes
  - [a, P1, "<10",  "10.00"]     # by hand
  # valves, dear
  - [b, P2, "-", "= 2 * qty", per piece]
  - [c, P3, "-", "1"]

# the end
default: {on_none: "null"}
"""
FILED = PLAIN[: PLAIN.index("rows:")] + "rows: {file: prices.csv}\n"
CSV = 'id,product,qty,price,note\na,P1,<10,10.00,\nb,P2,-,= 2 * qty,per piece\nc,"P3,P4",-,1,\n'


def at(folder: Path, text: str, rows: str = "") -> Path:
    path = folder / "price.yaml"
    path.write_text(text, encoding="utf-8")
    if rows:
        (folder / "prices.csv").write_text(rows, encoding="utf-8")
    return path


def changed(path: Path, **update: object) -> Mapping[str, str]:
    """What the files hold once the table at ``path`` is changed; they are written, and read back as wanted."""
    placed = drafted_at(path)
    assert isinstance(placed.definition, Decision)
    new = placed.definition.model_copy(update=update)
    files = rewritten(path.parent, placed, new)
    for file, text in files.items():
        file.write_text(text, encoding="utf-8", newline="")
    again = drafted_at(path).definition
    assert isinstance(again, Decision)
    assert not difference(new, again)
    return {file.name: text for file, text in files.items()}


def rows_of(path: Path) -> list[tuple[object, ...]]:
    definition = drafted_at(path).definition
    assert isinstance(definition, Decision)
    assert isinstance(definition.rows, tuple)
    return list(definition.rows)


def test_one_changed_row_is_one_changed_line(tmp_path: Path) -> None:
    path = at(tmp_path, PLAIN)
    (a, b, _) = rows_of(path)

    (text,) = changed(path, rows=(a, b, ("c", "P3", "-", "2"))).values()

    assert text == PLAIN.replace('  - [c, P3, "-", "1"]', '  - [c, P3, "-", "2"]')


def test_added_and_moved_rows_leave_the_lines_and_comments_of_others(tmp_path: Path) -> None:
    path = at(tmp_path, PLAIN)
    (a, b, c) = rows_of(path)

    (text,) = changed(path, rows=(c, ("d", "P9", ">5", "3"), b, a), hit_policy="unique").values()

    assert text.splitlines()[8:16] == [
        "rows:",
        '  - [c, P3, "-", "1"]',
        '  - [d, P9, ">5", "3"]',
        "  # valves, dear",
        '  - [b, P2, "-", "= 2 * qty", per piece]',
        "  # pipes",
        '  - [a, P1, "<10",  "10.00"]     # by hand',
        "",
    ]
    assert text.endswith('# the end\ndefault: {on_none: "null"}\n')


def test_a_removed_row_takes_its_comment_along(tmp_path: Path) -> None:
    path = at(tmp_path, PLAIN)
    (a, _, c) = rows_of(path)

    (text,) = changed(path, rows=(a, c)).values()

    assert "valves" not in text
    assert "pipes" in text


def test_a_changed_setting_writes_the_document_anew(tmp_path: Path) -> None:
    path = at(tmp_path, PLAIN)

    (text,) = changed(path, hit_policy="first").values()

    assert "hit_policy: first" in text
    assert "#" not in text


def test_rows_in_a_file_are_written_there_and_the_document_stays(tmp_path: Path) -> None:
    path = at(tmp_path, FILED, CSV)
    (a, b, c) = rows_of(path)

    files = changed(path, rows=(a, (*b[:3], "= 3 * qty", "per piece"), c))

    assert files == {"prices.csv": CSV.replace("= 2 * qty", "= 3 * qty")}


def test_a_file_of_rows_keeps_its_columns_separator_and_line_ends(tmp_path: Path) -> None:
    told = "\ufeffproduct;id;price;qty\r\nP1;a;10.00;<10\r\nP2;b;= 2 * qty;-\r\n"
    path = at(tmp_path, FILED)
    (tmp_path / "prices.csv").write_bytes(told.encode())
    (a, b) = rows_of(path)

    files = changed(path, rows=((*a[:3], "11.00"), b))

    assert files == {"prices.csv": told.replace("10.00", "11.00")}


def test_a_changed_setting_leaves_the_file_of_rows_alone(tmp_path: Path) -> None:
    path = at(tmp_path, FILED, CSV)

    files = changed(path, hit_policy="first")

    assert list(files) == ["price.yaml"]
    assert "rows: {file: prices.csv}" in files["price.yaml"]


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    assert changed(at(tmp_path, PLAIN)) == {}
    assert changed(at(tmp_path, FILED, CSV)) == {}


WRITTEN = st.fixed_dictionaries(
    {
        "name": st.sampled_from([f"r{n}" for n in range(12)]),
        "product": st.sampled_from(["-", "P1", "P1,P2", "not(P3)", "阀门", "a: b", "#1", "'x", '"q"']),
        "qty": st.sampled_from(["-", ">=5", "[1..10)", "<2, >8"]),
        "price": st.sampled_from(["1", "10.00", "= qty * 2", "-"]),
        "note": st.sampled_from([None, "", "by hand", "# no comment", "a\nb"]),
    }
)


@given(st.lists(WRITTEN, max_size=8, unique_by=lambda row: row["name"]), st.booleans(), st.data())
def test_whatever_rows_become_the_file_means_them_and_kept_rows_keep_their_lines(
    rows: list[dict[str, str | None]], filed: bool, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = at(Path(name), FILED if filed else PLAIN, CSV if filed else "")
        old = data.draw(st.lists(st.sampled_from(rows_of(path)), unique=True))
        new = [
            tuple(r[k] for k in ("name", "product", "qty", "price", *(("note",) if r["note"] else ()))) for r in rows
        ]
        wanted = data.draw(st.permutations([*old, *new]))

        changed(path, rows=tuple(wanted))

        text = path.read_text(encoding="utf-8")
        kept = [line for line in PLAIN.splitlines() if line.startswith("  - [") and line[5] in {str(r[0]) for r in old}]
        assert filed or not wanted or all(line in text for line in kept)


def test_a_file_of_several_documents_is_left_to_its_author(tmp_path: Path) -> None:
    path = at(tmp_path, PLAIN + "---\nkind: pack\nid: p\ntitle: {zh: 包, en: Pack}\n")

    with pytest.raises(Invalid, match="several documents"):
        changed(path, hit_policy="first")
