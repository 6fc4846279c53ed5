"""A pack is a folder: any grouping of files, everything wrong with reading it at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from taktflow.definitions import pack as packs
from taktflow.definitions.pack import read_pack

PACK = "kind: pack\nid: p\ntitle: {zh: 包, en: Pack}\n"
FORM = "kind: form\nid: ID\ntitle: {zh: 单, en: Form}\nfields: {a: {type: text}}\n"


def a_folder(folder: Path, **files: str) -> Path:
    """``files`` by name, in which ``__`` stands for a folder and ``_yaml`` for the ending."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def form(id: str) -> str:
    return FORM.replace("ID", id)


def test_files_folders_and_several_documents_in_a_file_are_all_the_same(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        pack_yaml=PACK,
        forms__two_yaml=f"{form('b')}---\n{form('c')}",
        a_json='{"kind": "form", "id": "a", "title": {"zh": "单", "en": "Form"}, "fields": {"a": {"type": "text"}}}',
        forms__deep__d_yaml=form("d"),
        cases_yaml="cases: []\n",
        readme_txt="not read",
        **{".hidden__x_yaml": "kind: nonsense\n", "sample__day_yaml": "no definition\n"},
    )

    source = read_pack(folder)

    assert source.findings == ()
    assert source.pack is not None
    assert source.pack.definition.id == "p"
    assert sorted((p.definition.id, p.read_from.name) for p in source.definitions) == [
        ("a", "a.json"),
        ("b", "forms/two.yaml"),
        ("c", "forms/two.yaml"),
        ("d", "forms/deep/d.yaml"),
    ]
    assert [c.document for c in source.cases] == [{"cases": []}]


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, pack_yaml=PACK, a_yaml="a: [\n", b_yaml=form("Bad"), c_yaml=form("c"))

    source = read_pack(folder)

    assert [(f.code, f.file, f.line) for f in source.findings] == [
        ("definition.bracket_open", "a.yaml", 2),
        ("definition.slug", "b.yaml", 2),
    ]
    assert [p.definition.id for p in source.definitions] == ["c"]


def test_two_definitions_of_one_kind_and_id_are_found(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, pack_yaml=PACK, a_yaml=form("a"), b_yaml=f"# remark\n{form('a')}")

    found = read_pack(folder).findings

    assert [(f.code, f.file, f.line, f.args["file"]) for f in found] == [("pack.id_twice", "b.yaml", 3, "a.yaml")]


def test_a_pack_needs_exactly_one_pack_document(tmp_path: Path) -> None:
    none = read_pack(a_folder(tmp_path / "none", a_yaml=form("a")))
    two = read_pack(a_folder(tmp_path / "two", pack_yaml=PACK, q_yaml=PACK))
    broken = read_pack(a_folder(tmp_path / "broken", pack_yaml="kind: pack\nid: p\n"))

    assert [(f.code, f.file) for f in none.findings] == [("pack.missing", "none")]
    assert [(f.code, f.file) for f in two.findings] == [("pack.several", "q.yaml")]
    assert [(f.code, f.file) for f in broken.findings] == [("definition.missing", "pack.yaml")]


def test_a_file_that_cannot_be_opened_is_a_finding(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, pack_yaml=PACK)
    (folder / "gone.yaml").symlink_to(folder / "gone.yaml")
    os.mkfifo(folder / "pipe.yaml")

    source = read_pack(folder)

    assert [(f.code, f.file) for f in source.findings] == [("pack.unreadable", "gone.yaml")]


def test_a_huge_file_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, pack_yaml=PACK)
    with (folder / "huge.yaml").open("wb") as huge:
        huge.truncate(10_000_000_000)

    assert [(f.code, f.file) for f in read_pack(folder).findings] == [("definition.too_large", "huge.yaml")]


def test_a_folder_of_too_many_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "_MAX_FILES", 2)
    folder = a_folder(tmp_path, pack_yaml=PACK, a_yaml=form("a"), b_yaml=form("b"))

    assert [f.code for f in read_pack(folder).findings] == ["pack.files", "pack.missing"]
