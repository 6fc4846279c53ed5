"""Starts a node of one's own: a small project that can be tested, built and installed at once."""

from __future__ import annotations

from collections.abc import Collection
from keyword import iskeyword
from pathlib import Path

from taktflow.definitions.workflow import GRAMMAR
from taktflow.errors import Conflict, Invalid
from taktflow.sdk.schema import KIND

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "0.1.0"
description = "The node type {kind} for Taktflow."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["taktflow>=0.1"]

[project.entry-points."taktflow.nodes"]
"{kind}" = "{module}.node:{title}"

[dependency-groups]
dev = ["pytest>=9"]

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
"""

_NODE = '''\
"""Says whether an amount keeps within a limit. Change it into what your business needs."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from taktflow.sdk import Node, NodeConfig, NodeContext, Result, Text, Titled


class Settings(NodeConfig):
    """The designer draws its form from these, and any may be {{$: FEEL}}."""

    amount: Annotated[Decimal, Titled("数值", "Amount")] = Field(description="The figure to judge.")
    limit: Annotated[Decimal, Titled("上限", "Limit")] = Field(
        Decimal(1000), ge=0, description="The largest amount that passes."
    )


class {title}(Node[Settings]):
    kind = "{kind}"
    title = Text(zh="{words}", en="{words}")
    idempotency = "pure"  # It reads nothing but its settings; see taktflow.sdk.Idempotency for the others.
    Config = Settings

    def run(self, config: Settings, context: NodeContext) -> Result:
        within = config.amount <= config.limit
        return Result(value=within, trace={{"amount": config.amount, "limit": config.limit}})
'''

_TEST = '''\
"""The node keeps the promises of every node, and these examples come out as written."""

from {module}.node import {title}

from taktflow.sdk.testing import NodeContract


class Test{title}(NodeContract):
    node = {title}
    examples = [
        ({{"amount": 1000}}, {{}}, True),
        ({{"amount": 12, "limit": 10}}, {{}}, False),
    ]
'''

_README = """\
# {kind}

A node type for Taktflow.

    pip install -e .           # beside Taktflow: `taktflow plugins` now lists {kind}
    pytest                     # the contract every node keeps, and your examples
    python -m build --wheel    # a wheel to install elsewhere

In a workflow:

```yaml
within: {{type: {kind}, amount: {{$: order.amount}}, limit: 5000, out: order.within}}
```

Change `src/{module}/node.py`: the settings become the form in the designer, `run` does the work, and the examples in
`tests/test_node.py` say what must come out.
"""


def node_project(name: str, folder: Path, *, taken: Collection[str] = ()) -> Path:
    """Writes the project of a node type called ``name`` into a new folder under ``folder`` and gives that folder.

    Raises Invalid (``new.name``) for a name no node type can have and Conflict (``new.taken``, ``new.exists``) for a
    kind of ``taken`` or a folder that is there; nothing is written then.
    """
    files = project_files(name)
    if name in taken:
        raise Conflict("new.taken", name=name)
    root = folder / _distribution(name)
    if root.exists():
        raise Conflict("new.exists", folder=str(root))
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def project_files(name: str) -> dict[str, str]:
    """The files of the project by their path in it; raises Invalid (``new.name``)."""
    if not KIND.fullmatch(name) or len(name) > 60 or name in GRAMMAR or any(map(iskeyword, name.split("."))):
        raise Invalid("new.name", name=name)
    words = name.replace(".", " ").replace("_", " ").split()
    module = "taktflow_" + name.replace(".", "_")
    known = {
        "kind": name,
        "distribution": _distribution(name),
        "module": module,
        "title": "".join(word[0].upper() + word[1:] for word in words) + "Node",
        "words": " ".join(words).capitalize(),
    }
    return {
        "pyproject.toml": _PYPROJECT.format(**known),
        "README.md": _README.format(**known),
        f"src/{module}/__init__.py": f'"""The node type {name}."""\n',
        f"src/{module}/node.py": _NODE.format(**known),
        "tests/test_node.py": _TEST.format(**known),
    }


def _distribution(name: str) -> str:
    return "taktflow-" + name.replace(".", "-").replace("_", "-").strip("-")
