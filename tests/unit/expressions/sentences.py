"""Makes up FEEL: expressions of every kind of node, mostly of sense, sometimes of none."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from taktflow.expressions import BOOLEAN, DATE, NUMBER, STRING, ContextOf, ListOf, Type
from taktflow.expressions.builtins import builtins
from taktflow.values import Range, Value, YearsMonths

LINE = ContextOf({"sku": STRING, "qty": NUMBER, "price": NUMBER})
TYPES: dict[str, Type] = {
    "n": NUMBER,
    "m": NUMBER,
    "rate": NUMBER,
    "s": STRING,
    "region": STRING,
    "b": BOOLEAN,
    "open": BOOLEAN,
    "d": DATE,
    "due": DATE,
    "xs": ListOf(NUMBER),
    "lines": ListOf(LINE),
    "order": ContextOf({"total": NUMBER, "region": STRING, "paid": BOOLEAN, "lines": ListOf(LINE)}),
}
ODD: tuple[Value, ...] = (
    *(None, 3, -7, True, False, "", "EU", Decimal("NaN"), Decimal("Infinity"), Decimal("1E+6144"), Decimal("-0")),
    *(
        Decimal("1E-6176"),
        10**40,
        [],
        [None],
        [Decimal(1)],
        {},
        {"total": 5},
        {"a": {"b": Decimal(2)}},
        date(2026, 2, 28),
    ),
    *(
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime.fromisoformat("2026-01-01T10:00"),
        time(12),
        time(12, tzinfo=UTC),
        timedelta(hours=5),
    ),
    *(YearsMonths(14), Range(Decimal(1), Decimal(5)), Range(None, Decimal(5), False, True), 1.5, (1, 2)),
)
"""Values of the wrong type, of no type, and at the border of what a number can be."""
_FOREIGN = sorted(set(builtins()) - {"now", "today"})
_WORDS = ("null", "missing", '@"PT4H"', '@"P1Y2M"', '@"12:00:00"', "[1..3]", "(>= 3)", "{}", "item", "partial")
_TEXTS = ('"EU"', '"US"', '"abc"', '""', '"a b"', '"\\u00e9"', '"\U0001f600x"', '"中国"')


class Sentences:
    """A source of expressions and of scopes to evaluate them in; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def scope(self, *, odd: float = 0.0) -> dict[str, Value]:
        """Values for :data:`TYPES`, some of them null; ``odd`` is the share that is of the wrong type or missing."""
        scope = {name: self._value(type_) for name, type_ in TYPES.items()}
        for name in list(scope):
            if self.chance.random() < odd:
                scope[name] = self.chance.choice(ODD)
                if self.chance.random() < 0.2:
                    del scope[name]
        return scope

    def _value(self, type_: Type) -> Value:
        one = self.chance
        if one.random() < 0.08:
            return None
        match type_:
            case ListOf():
                return [self._value(type_.item) for _ in range(one.randrange(5))]
            case ContextOf():
                return {name: self._value(inner) for name, inner in type_.fields.items()}
        if type_ == NUMBER:
            return Decimal(
                one.choice(["0", "1", "-2", "3.5", "0.1", "100", "12345.678", "9999999999999999999999999999999999"])
            )
        if type_ == STRING:
            return one.choice(["EU", "US", "abc", "", "a b"])
        if type_ == BOOLEAN:
            return one.random() < 0.5
        return one.choice([date(2026, 1, 31), date(2024, 2, 29), date(2026, 11, 23)])

    def expression(self, depth: int = 4) -> str:
        """An expression of any type."""
        return self._of(
            self.chance.choice((self.number, self.truth, self.truth, self.text, self.listing, self.any)), depth
        )

    def _of(self, kind: Callable[[int], str], depth: int) -> str:
        """Of the wanted kind, mostly."""
        if self.chance.random() < 0.06:
            kind = self.chance.choice((self.number, self.truth, self.text, self.day, self.listing, self.any))
        return kind(depth - 1)

    def _pick(self, leaves: tuple[str, ...], depth: int, *makers: Callable[[], str]) -> str:
        if depth <= 0 or self.chance.random() < 0.2:
            return self.chance.choice(leaves)
        return self.chance.choice(makers)()

    def _choice(self, kind: Callable[[int], str], depth: int) -> str:
        return f"if {self._of(self.truth, depth)} then {self._of(kind, depth)} else ({self._of(kind, depth)})"

    def number(self, depth: int) -> str:
        """A number."""
        one, of = self.chance, self._of
        leaves = (
            "n",
            "m",
            "rate",
            "1",
            "0",
            "2",
            "-3",
            "0.1",
            "1000",
            "2.50",
            "order.total",
            "lines[1].qty",
            "missing",
        )
        name = one.choice(("sum", "min", "max", "count", "mean", "product", "median"))
        unary = one.choice(("floor", "ceiling", "abs", "sqrt", "exp", "log"))
        rounding = one.choice(("decimal", "round up", "round half up", "round half down", "modulo", "min", "max"))
        return self._pick(
            leaves,
            depth,
            lambda: f"({of(self.number, depth)} {one.choice('+-*/+-*/+-*')} {of(self.number, depth)})",
            lambda: f"{of(self.number, depth)} {one.choice('+-*/')} {of(self.number, depth)}",
            lambda: f"-({of(self.number, depth)})",
            lambda: f"({of(self.number, depth)}) ** {one.choice(('2', '0.5', '-1', 'n'))}",
            lambda: f"({self._choice(self.number, depth)})",
            lambda: f"{name}({of(self.listing, depth)})",
            lambda: f"{unary}({of(self.number, depth)})",
            lambda: f"{rounding}({of(self.number, depth)}, {of(self.number, depth)})",
            lambda: f"string length({of(self.text, depth)})",
            lambda: f"({of(self.day, depth)}).{one.choice(('year', 'month', 'day', 'weekday'))}",
            lambda: f"({of(self.listing, depth)})[{of(self.number, depth)}]",
        )

    def truth(self, depth: int) -> str:
        """A truth value."""
        one, of = self.chance, self._of
        leaves = ("b", "open", "true", "false", "null", "order.paid", "(n > 1)", '(region = "EU")', "(missing = null)")
        kind = one.choice((self.number, self.number, self.text, self.day))
        sign = one.choice(("=", "!=", "<", "<=", ">", ">="))
        bound = one.choice(
            ("[1..5]", "(1..5)", "[n..m]", "]1..100[", '["a".."f"]', "(> 2)", "< n", "null", "[1, 2, 3]")
        )
        words = one.choice(
            ('("EU", "US")', '["EU", "US"]', "(n, m, 3)", "(> 2, < -2)", "xs", '("EU", null, s)', "([1..2], 5)")
        )
        loop = one.choice(("some", "every"))
        asked = one.choice(("contains", "starts with", "ends with", "matches"))
        return self._pick(
            leaves,
            depth,
            lambda: f"({of(kind, depth)} {sign} {of(kind, depth)})",
            lambda: f"({of(self.truth, depth)} and {of(self.truth, depth)})",
            lambda: f"({of(self.truth, depth)} or {of(self.truth, depth)} or {of(self.truth, depth)})",
            lambda: f"not({of(self.truth, depth)})",
            lambda: f"({of(kind, depth)} between {of(kind, depth)} and {of(kind, depth)})",
            lambda: f"({of(self.number, depth)} in {bound})",
            lambda: f"({of(one.choice((self.text, self.number)), depth)} in {words})",
            lambda: f"({self._choice(self.truth, depth)})",
            lambda: f"({loop} x in {of(self.listing, depth)} satisfies {self._bound(self.truth, depth)})",
            lambda: f"({of(self.any, depth)} instance of {one.choice(('number', 'string', 'list<number>', 'date'))})",
            lambda: f"{asked}({of(self.text, depth)}, {of(self.text, depth)})",
            lambda: f"list contains({of(self.listing, depth)}, {of(self.number, depth)})",
        )

    def text(self, depth: int) -> str:
        """A text."""
        one, of = self.chance, self._of
        changed = one.choice(("upper case", "lower case", "string", "trim"))
        return self._pick(
            ("s", "region", "order.region", "lines[1].sku", *_TEXTS),
            depth,
            lambda: f"({of(self.text, depth)} + {of(self.text, depth)})",
            lambda: f"({self._choice(self.text, depth)})",
            lambda: f"{changed}({of(self.text, depth)})",
            lambda: f"substring({of(self.text, depth)}, {of(self.number, depth)})",
            lambda: f"string({of(self.any, depth)})",
            lambda: f'{{a: {of(self.text, depth)}, "b c": a + "!"}}.a',
            lambda: f"(function(x, y: string) {self._bound(self.text, depth)})({of(self.text, depth)}, s)",
        )

    def day(self, depth: int) -> str:
        """A date."""
        of = self._of
        length = self.chance.choice(('@"P1D"', '@"P1M"', 'duration("P1Y")', '@"PT36H"'))
        leaves = ("d", "due", '@"2026-01-31"', 'date("2024-02-29")', "date(2026, 2, 3)", '@"2026-01-01T10:00:00"')
        return self._pick(
            leaves,
            depth,
            lambda: f"({of(self.day, depth)} {self.chance.choice('+-')} {length})",
            lambda: f"({self._choice(self.day, depth)})",
            lambda: f"date({of(self.day, depth)})",
        )

    def listing(self, depth: int) -> str:
        """A list."""
        one, of = self.chance, self._of
        changed = one.choice(("reverse", "distinct values", "flatten", "sort", "duplicate values"))
        return self._pick(
            ("xs", "lines.qty", "[]", "[1, 2, 3]", "[n, m]", "order.lines.price", "lines[qty > 1].price"),
            depth,
            lambda: f"[{of(self.number, depth)}, {of(self.number, depth)}]",
            lambda: f"(for x in {of(self.listing, depth)} return {self._bound(self.number, depth)})",
            lambda: f"(for x in 1..{one.randrange(5)}, y in [x, n] return {self._bound(self.number, depth)} + y)",
            lambda: f"(for x in [1, 2] return count(partial) + {of(self.number, depth)})",
            lambda: f"({of(self.listing, depth)})[item {one.choice(('>', '<=', '='))} {of(self.number, depth)}]",
            lambda: f"lines[{self._field(depth)}].qty",
            lambda: f"{changed}({of(self.listing, depth)})",
            lambda: f"concatenate({of(self.listing, depth)}, {of(self.listing, depth)})",
        )

    def _field(self, depth: int) -> str:
        other = self._of(self.number, depth)
        return self.chance.choice((f"qty > {other}", f"qty * price < {other}", f'sku = "EU" or price > {other}'))

    def _bound(self, kind: Callable[[int], str], depth: int) -> str:
        """An expression that sees ``x``."""
        return self.chance.choice((f"(x) + ({kind(depth - 1)})", f"{kind(depth - 1)}", "x", "(x > 1 and x < m)"))

    def any(self, depth: int) -> str:
        """Whatever there is: contexts, ranges, functions, built-ins with whatever arguments."""
        one, of = self.chance, self._of
        sign = one.choice(("+", "-", "*", "/", "**", "=", "<", "in", "and"))
        several = ", ".join(of(self.any, depth) for _ in range(one.randrange(4))) if depth > 0 else ""
        return self._pick(
            (
                *TYPES,
                "null",
                "missing",
                '@"PT4H"',
                '@"P1Y2M"',
                '@"12:00:00"',
                "[1..3]",
                "(>= 3)",
                "{}",
                "item",
                "partial",
            ),
            depth,
            lambda: f"{{a: {of(self.number, depth)}, b: a * 2, c: {of(self.any, depth)}}}",
            lambda: f"({of(self.any, depth)}).{one.choice(('a', 'total', 'start', 'hours', 'qty', 'months'))}",
            lambda: f"({of(self.any, depth)})[{of(self.any, depth)}]",
            lambda: f"[{of(self.any, depth)}..{of(self.any, depth)})",
            lambda: f"{one.choice(_FOREIGN)}({several})",
            lambda: f"({of(self.any, depth)} {sign} {of(self.any, depth)})",
            lambda: f"modulo(dividend: {of(self.number, depth)}, divisor: {of(self.number, depth)})",
            lambda: of(one.choice((self.number, self.truth, self.text, self.day, self.listing)), depth),
        )
