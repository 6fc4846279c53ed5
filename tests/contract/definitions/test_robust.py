"""Nothing that can be written down makes reading or checking raise: everything wrong is a finding."""

from __future__ import annotations

import random

import pytest

from taktflow.catalog import Catalog, announced
from taktflow.definitions.canonical import content_hash
from taktflow.definitions.check import Placed, check
from taktflow.definitions.forms import form_schema
from taktflow.definitions.kinds import KINDS, Form
from taktflow.definitions.load import definition, load_all
from taktflow.definitions.places import Loaded
from taktflow.definitions.workflow import Workflow
from taktflow.runtime.shape import shape_findings
from taktflow.texts import sentence
from taktflow.values import Finding
from tests.contract.definitions.documents import EVERYTHING, PACKS, documents, fits_model, mutated

JUNK = "{}[]:,-&*!|>'\"%@`#\t\n ?abc0.~<中\ufeff\x00\x85\u2028😀"


def said(findings: list[Finding]) -> None:
    """Every finding can be told in both languages."""
    for finding in findings:
        assert sentence(finding.code, "zh", finding.args) != sentence(finding.code, "en", finding.args)


def test_any_definition_that_fits_its_model_can_be_checked() -> None:
    luck, catalog = random.Random(7), Catalog(announced())
    world = [KINDS[d["kind"]].model_validate(d) for d in documents()]
    checked = 0

    for _ in range(400):
        document = mutated(luck.choice(documents()), luck)
        if not fits_model(document):
            continue
        loaded = Loaded("x.yaml", document)
        made, _ = definition(loaded)
        assert made is not None
        said(check([Placed(made, loaded)], catalog, published=world))
        if isinstance(made, Workflow):
            said(shape_findings(made))
        if isinstance(made, Form):
            form_schema(made, {}, "zh")
        content_hash(made)
        checked += 1

    assert checked > 40


def test_any_document_that_does_not_fit_has_findings_that_say_so() -> None:
    luck = random.Random(11)

    for _ in range(300):
        document = mutated(mutated(luck.choice(documents()), luck), luck)
        made, findings = definition(Loaded("x.yaml", document))
        assert (made is None) == bool(findings), document
        said(list(findings))


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_any_text_can_be_read(name: str) -> None:
    luck = random.Random(13)
    texts = [f.read_text(encoding="utf-8") for p in PACKS for f in p.rglob("*.yaml")]
    texts.append(EVERYTHING.read_text(encoding="utf-8"))

    for _ in range(300):
        text = luck.choice(texts)
        begin = luck.randrange(len(text))
        text = text[begin : begin + luck.randint(1, 600)]
        for _ in range(luck.randint(1, 6)):
            place = luck.randrange(len(text) + 1)
            text = text[:place] + luck.choice(JUNK) + text[place + luck.randint(0, 2) :]
        for loaded in load_all(text, name):
            said([*loaded.findings, *definition(loaded)[1]])
