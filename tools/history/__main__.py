"""Checks the history that a database keeps: ``python -m tools.history sqlite:///var/taktflow.db``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tools.history.reading import read_history


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing is wrong; else 1, with every anomaly on a line."""
    parser = argparse.ArgumentParser(prog="python -m tools.history", description=__doc__)
    parser.add_argument("database", help="its address, as TAKTFLOW_DATABASE_URL holds it")
    history = read_history(parser.parse_args(arguments).database)
    for anomaly in history.anomalies:
        print(anomaly, file=sys.stderr)
    print(history)
    return 1 if history.anomalies else 0


if __name__ == "__main__":
    sys.exit(main())
