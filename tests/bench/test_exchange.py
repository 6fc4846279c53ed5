"""How long a price list of 10,000 rows takes to Excel and back, next to openpyxl moving the bare cells."""

from __future__ import annotations

import io
import time
from dataclasses import asdict

from openpyxl import Workbook, load_workbook

from taktflow.definitions.decision import Decision
from taktflow.rules.exchange.xlsx import read_xlsx, write_xlsx
from tests.bench.figures import figure, told

ROWS = 10_000
ROUNDS = 3
ALLOWED_S = 5.0


def a_price_list() -> Decision:
    """10,000 rows of eight cells: id, product, region, quantity, period, price, currency, note."""
    rows = [
        [
            f"r{n}",
            f"P{n // 16}",
            ("EU,US", "CN")[n % 2],
            f"[{1 + n % 4 * 100}..{101 + n % 4 * 100})",
            f"[2026-0{1 + n % 8}-01..2026-0{2 + n % 8}-01)",
            f"{n % 97}.{n % 10}0",
            ("EUR", "USD")[n % 2],
            "agreed" if n % 10 == 0 else "",
        ]
        for n in range(ROWS)
    ]
    inputs = [("product", "text"), ("region", "text"), ("qty", "number"), ("day", "date")]
    return Decision.model_validate(
        {
            "kind": "decision",
            "id": "prices",
            "title": {"zh": "价格", "en": "Prices"},
            "inputs": [{"id": name, "type": type_} for name, type_ in inputs],
            "outputs": [{"id": "price", "type": "number"}, {"id": "currency", "type": "text"}],
            "rows": rows,
        }
    )


def ours(table: Decision) -> float:
    """Seconds of processor time for out and in, the table proved equal."""
    start = time.process_time()
    found, _ = read_xlsx(write_xlsx(table))
    spent = time.process_time() - start
    assert found == table
    return spent


def bare(table: Decision) -> float:
    """The same cells as plain text, written and read by openpyxl's fastest ways, with nothing made of them."""
    assert isinstance(table.rows, tuple)
    start = time.process_time()
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in table.rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    read = load_workbook(file, read_only=True)
    count = sum(len(row) for row in read.worksheets[0].iter_rows(values_only=True))
    spent = time.process_time() - start
    assert count >= 7 * ROWS
    return spent


def test_ten_thousand_rows_go_to_excel_and_back() -> None:
    table = a_price_list()
    rounds = [(ours(table), bare(table)) for _ in range(ROUNDS)]

    rates = [ROWS / mine for mine, _ in rounds]
    against = figure("exchange.xlsx.bare", rates, [ROWS / peer for _, peer in rounds], "openpyxl")
    allowed = figure("exchange.xlsx.10000x8", rates, [ROWS / ALLOWED_S] * ROUNDS, f"{ALLOWED_S:g}s", target=1)
    told(
        "exchange",
        [against.line(), allowed.line()],
        {"seconds": [mine for mine, _ in rounds], "figures": [asdict(against), asdict(allowed)]},
    )
