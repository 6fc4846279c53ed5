"""GoRules' expression language (ZEN) as FEEL, as far as FEEL can say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import simplejson

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>[^\W\d]\w*|\$\w*|\#)
    |(?P<mark>\?\?|==|!=|>=|<=|\.\.|&&|\|\||[-+*/%^?:()\[\]{},.<>!]))""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 40
_LONGEST = 4000
_BINARY: Mapping[str, tuple[int, str]] = {
    "or": (2, "or"), "||": (2, "or"), "and": (3, "and"), "&&": (3, "and"),
    "==": (4, "="), "!=": (4, "!="), "<": (5, "<"), "<=": (5, "<="), ">": (5, ">"), ">=": (5, ">="),
    "+": (6, "+"), "-": (6, "-"), "*": (7, "*"), "/": (7, "/"), "%": (7, "%"), "^": (8, "**"),
}  # fmt: skip
_SAME = {
    "startsWith": "starts with", "endsWith": "ends with", "lower": "lower case", "upper": "upper case",
    "abs": "abs", "floor": "floor", "ceil": "ceiling", "sum": "sum", "min": "min", "max": "max", "avg": "mean",
    "median": "median", "matches": "matches", "d": "date", "date": "date", "number": "number", "string": "string",
    "flatten": "flatten",
}  # fmt: skip
"""Functions that FEEL has under another name or the same."""
_CLOSURES = ("map", "filter", "some", "all", "none", "one", "count")
_WORDS = ("and", "or", "not", "in")


class Untranslatable(Exception):
    """FEEL cannot say it, or it is no ZEN; ``what`` names the part."""

    def __init__(self, what: str) -> None:
        self.what = what[:80]
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of ZEN; ``text`` of a string is what stands between its quotes."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Feel:
    """FEEL text; ``kind`` is set for a constant, whose plain text is ``constant``."""

    text: str
    kind: str = ""
    constant: str = ""


def tokens_of(text: str) -> list[Token]:
    """The tokens of ``text``; raises :class:`Untranslatable`."""
    if len(text) > _LONGEST:
        raise Untranslatable(text)
    found: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise Untranslatable(text[place:].strip())
        kind = match.lastgroup or ""
        body = match[kind]
        if kind == "string":
            body = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), body[1:-1])
        found.append(Token(kind, body))
        place = match.end()
    return found


def quoted(text: str) -> str:
    """``text`` as a FEEL string."""
    return str(simplejson.dumps(text, ensure_ascii=False))


class Translation:
    """Reads tokens and says them in FEEL. ``subject`` is what ``$`` means, if it may stand there."""

    def __init__(self, tokens: list[Token], subject: str = "") -> None:
        self._tokens = tokens
        self._place = 0
        self._subject = subject
        self._items: list[str] = []
        self._depth = 0

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self._place >= len(self._tokens)

    def sees(self, *texts: str) -> bool:
        """Whether one of the marks or words ``texts`` comes next."""
        token = self._peek()
        return token is not None and token.kind != "string" and token.text in texts

    def takes(self, *texts: str) -> bool:
        """Reads one of ``texts`` if it comes next."""
        seen = self.sees(*texts)
        self._place += seen
        return seen

    def wants(self, text: str) -> None:
        """Reads ``text``, which has to come next."""
        if not self.takes(text):
            raise Untranslatable(self._rest())

    def back_to(self, place: int) -> None:
        """Reads again from an earlier ``place``."""
        self._place = place

    @property
    def place(self) -> int:
        """How many tokens were read."""
        return self._place

    def _peek(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _rest(self) -> str:
        return " ".join(t.text for t in self._tokens[self._place :]) or "..."

    def whole(self) -> Feel:
        """One expression and nothing behind it."""
        found = self.expression()
        if not self.at_end:
            raise Untranslatable(self._rest())
        return found

    def expression(self) -> Feel:
        """One expression, the loosest binding first: ``?:``, ``??``, then the binary operators."""
        found = self.binary(2)
        while self.takes("??"):
            other = self.binary(2)
            found = Feel(f"(if {found.text} != null then {found.text} else {other.text})")
        if self.takes("?"):
            yes = self.expression()
            self.wants(":")
            found = Feel(f"(if {found.text} then {yes.text} else {self.expression().text})")
        return found

    def binary(self, weakest: int) -> Feel:
        """Operators that bind at least as tightly as ``weakest``."""
        return self._deeper(lambda: self._operators(weakest))

    def _deeper(self, read: Callable[[], Feel]) -> Feel:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Untranslatable(self._rest())
        found = read()
        self._depth -= 1
        return found

    def _operators(self, weakest: int) -> Feel:
        left = self._unary()
        while True:
            token = self._peek()
            if token is None or token.kind == "string":
                return left
            if token.text in ("in", "not") and weakest <= 5:
                left = self._membership(left)
                continue
            power, word = _BINARY.get(token.text, (0, ""))
            if power < weakest or token.kind == "number":
                return left
            self._place += 1
            right = self.binary(power if word == "**" else power + 1)
            left = Feel(_rest(left.text, right.text) if word == "%" else f"({left.text} {word} {right.text})")

    def _membership(self, left: Feel) -> Feel:
        negated = self.takes("not")
        self.wants("in")
        found = self.range()
        text = f"{left.text} in {found}" if found else f"list contains({self.binary(6).text}, {left.text})"
        return Feel(f"not({text})" if negated else f"({text})")

    def range(self) -> str:
        """An interval if one comes next, else an empty text."""
        start = self._place
        opening = next((m for m in "[(" if self.sees(m)), "")
        if not opening:
            return ""
        self._place += 1
        try:
            low = self.binary(6)
            self.wants("..")
            high = self.binary(6)
        except Untranslatable:
            self._place = start
            return ""
        closing = next((m for m in "])" if self.sees(m)), "")
        if not closing:
            raise Untranslatable(self._rest())
        self._place += 1
        return f"{opening}{low.constant or low.text}..{high.constant or high.text}{closing}"

    def _unary(self) -> Feel:
        if self.takes("not", "!"):
            return Feel(f"not({self._deeper(self._unary).text})")
        if self.takes("-"):
            found = self._deeper(self._unary)
            constant = f"-{found.constant}" if found.kind == "number" else ""
            return Feel(constant or f"(-{found.text})", "number" if constant else "", constant)
        self.takes("+")
        return self._postfix(self._primary())

    def _postfix(self, found: Feel) -> Feel:
        while True:
            if self.takes("."):
                name = self._name()
                found = Feel(f"{found.text}.{name}")
            elif self.takes("["):
                key = self.expression()
                self.wants("]")
                found = Feel(_entry(found, key))
            else:
                return found

    def _name(self) -> str:
        token = self._peek()
        if token is None or token.kind != "name" or token.text[0] in "$#":
            raise Untranslatable(self._rest())
        self._place += 1
        return token.text

    def _primary(self) -> Feel:
        token = self._peek()
        if token is None:
            raise Untranslatable("...")
        self._place += 1
        if token.kind == "number":
            number = token.text.replace("_", "")
            return Feel(number, "number", number)
        if token.kind == "string":
            return Feel(quoted(token.text), "text", token.text)
        if token.kind == "name":
            return self._word(token.text)
        if token.text == "(":
            inner = self.expression()
            self.wants(")")
            return inner if inner.kind else Feel(f"({inner.text})")
        if token.text == "[":
            return Feel("[" + ", ".join(f.text for f in self._several("]")) + "]")
        if token.text == "{":
            return self._object()
        raise Untranslatable(token.text)

    def _object(self) -> Feel:
        entries: list[str] = []
        while not self.takes("}"):
            if entries:
                self.wants(",")
            key = self._peek()
            if key is None or key.kind not in ("name", "string"):
                raise Untranslatable(self._rest())
            self._place += 1
            self.wants(":")
            entries.append(f"{quoted(key.text)}: {self.expression().text}")
        return Feel("{" + ", ".join(entries) + "}")

    def _word(self, word: str) -> Feel:
        if word in ("true", "false"):
            return Feel(word, "boolean", word)
        if word == "null":
            return Feel(word, "null", word)
        if word == "$" and self._subject:
            return Feel(self._subject)
        if word == "#" and self._items:
            return Feel(self._items[-1])
        if word[0] in "$#" or word in _WORDS:
            raise Untranslatable(word)
        return self._call(word) if self.takes("(") else Feel(word)

    def _several(self, end: str) -> list[Feel]:
        found: list[Feel] = []
        while not self.takes(end):
            if found:
                self.wants(",")
            found.append(self.expression())
        return found

    def _call(self, name: str) -> Feel:
        if name in _CLOSURES:
            return self._closure(name)
        given = self._several(")")
        texts = ", ".join(f.text for f in given)
        if name in _SAME:
            moment = name in ("d", "date") and len(given) == 1 and given[0].kind == "text"
            constant = given[0].constant if moment and re.fullmatch(r"\d{4}-\d\d-\d\d", given[0].constant) else ""
            return Feel(f"{_SAME[name]}({texts})", "date" if constant else "", constant)
        special = _SPECIAL.get((name, len(given)))
        if special is None:
            raise Untranslatable(f"{name}({len(given)})")
        return Feel(special(*(f.text for f in given)))

    def _closure(self, name: str) -> Feel:
        over = self.expression()
        self.wants(",")
        item = f"item{len(self._items) + 1}"
        self._items.append(item)
        body = self.expression().text
        self._items.pop()
        self.wants(")")
        kept = f"for {item} in {over.text} return if {body} then {item} else null"
        counted = f"count(({kept})[item != null])"
        return Feel(
            {
                "map": f"(for {item} in {over.text} return {body})",
                "filter": f"({kept})[item != null]",
                "some": f"(some {item} in {over.text} satisfies {body})",
                "all": f"(every {item} in {over.text} satisfies {body})",
                "none": f"not(some {item} in {over.text} satisfies {body})",
                "one": f"({counted} = 1)",
                "count": counted,
            }[name]
        )


def _rest(a: str, b: str) -> str:
    """What division leaves, with the sign of ``a``; FEEL's own modulo has that of ``b``."""
    return f"({a} - {b} * (if {a} / {b} < 0 then ceiling({a} / {b}) else floor({a} / {b})))"


def _entry(found: Feel, key: Feel) -> str:
    if key.kind == "number" and key.constant.isdigit():
        return f"{found.text}[{int(key.constant) + 1}]"  # FEEL counts from 1.
    if key.kind == "text":
        return f"get value({found.text}, {key.text})"
    raise Untranslatable(f"[{key.text}]")


_SPECIAL: Mapping[tuple[str, int], Callable[..., str]] = {
    ("len", 1): lambda a: f"(if {a} instance of string then string length({a}) else count({a}))",
    ("contains", 2): lambda a, b: f"(if {a} instance of string then contains({a}, {b}) else list contains({a}, {b}))",
    ("round", 1): lambda a: f"round half up({a}, 0)",
    ("round", 2): lambda a, n: f"round half up({a}, {n})",
    ("year", 1): lambda a: f"date({a}).year",
    ("isNumeric", 1): lambda a: f"(number({a}) != null)",
}


def feel_of(text: str) -> Feel:
    """A whole ZEN expression in FEEL; raises :class:`Untranslatable`."""
    return Translation(tokens_of(text)).whole()
