"""FEEL (DMN 1.5): the language of conditions, formulas and table cells.

Text is read by a parser of our own into a typed tree, turned into a closed little Python expression and evaluated by a
compiled function or, for previews, by ``simpleeval``. No text ever reaches Python's own parser.
"""

from taktflow.expressions.cells import SUBJECT, Cell, Residual, parse_cell
from taktflow.expressions.expression import Expression, parse
from taktflow.expressions.faults import ExpressionInvalid, LimitExceeded
from taktflow.expressions.names import names_in
from taktflow.expressions.run import Clock, Function
from taktflow.expressions.types import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NULL,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
    ContextOf,
    FunctionOf,
    ListOf,
    RangeOf,
    Simple,
    Type,
    coerced,
    conforms,
    type_of_value,
)
from taktflow.expressions.unzoned import UNZONED

__all__ = [
    "ANY",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "DAYS_TIME",
    "NULL",
    "NUMBER",
    "STRING",
    "SUBJECT",
    "TIME",
    "UNZONED",
    "YEARS_MONTHS",
    "Cell",
    "Clock",
    "ContextOf",
    "Expression",
    "ExpressionInvalid",
    "Function",
    "FunctionOf",
    "LimitExceeded",
    "ListOf",
    "RangeOf",
    "Residual",
    "Simple",
    "Type",
    "coerced",
    "conforms",
    "names_in",
    "parse",
    "parse_cell",
    "type_of_value",
]
