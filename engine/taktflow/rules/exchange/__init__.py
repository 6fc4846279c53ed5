"""Decision tables in and out: Excel, CSV, GoRules' JDM, canonical YAML, and what differs between two tables.

Bytes and text in and out, no paths. Excel stands in :mod:`taktflow.rules.exchange.xlsx`, to be imported where a
workbook is asked for: reading openpyxl is a tenth of the server's start.
"""

from taktflow.rules.exchange.comma import read_csv, write_csv
from taktflow.rules.exchange.difference import CellChange, Difference, RowChange, SettingChange, difference
from taktflow.rules.exchange.document import written
from taktflow.rules.exchange.jdm import read_jdm

__all__ = [
    "CellChange",
    "Difference",
    "RowChange",
    "SettingChange",
    "difference",
    "read_csv",
    "read_jdm",
    "write_csv",
    "written",
]
