"""Reads everything that a server reads at its start, for the process that servers under test are forked from."""

from __future__ import annotations

import taktflow.cli
from taktflow.catalog import Catalog, announced

INSTALLED = [(one.group, one.kind) for one in Catalog(announced()).listing()]
"""Asking for the listing is what reads the plug-ins."""
app = taktflow.cli.app
