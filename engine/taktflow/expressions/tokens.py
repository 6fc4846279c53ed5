"""Cuts FEEL text into tokens. Context decides what one character alone cannot.

A word after ``.`` is a name even when it is a keyword elsewhere, ``]`` opens a range where a value is expected, and the
spaces inside a built-in's or an argument's name belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import Lexer

from taktflow.expressions.faults import ExpressionInvalid
from taktflow.expressions.limits import DEPTH, NODES, TOKENS
from taktflow.expressions.names import PART, START, WORD, Scope

KEYWORDS = frozenset(
    {"and", "or", "between", "in", "if", "then", "else", "for", "return", "some", "every", "satisfies", "function"}
    | {"true", "false", "null"}
)
_SCAN = re.compile(
    rf"""(?P<SKIP>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<NUMBER>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<STRING>"(?:[^"\\\n]|\\.)*")
    |(?P<AT>@\s*"(?:[^"\\\n]|\\.)*")
    |(?P<WORD>{WORD}|\?)
    |(?P<DOTS>\.\.)|(?P<POW>\*\*)|(?P<ARROW>->)|(?P<CMP>!=|<=|>=|=(?!=))
    |(?P<PUNCT>[-+*/<>()\[\]{{}},:.])""",
    re.VERBOSE | re.DOTALL,
)
_NAME_PARTS = rf"{START}(?:{PART}|[\s.+*/'’-]){{0,200}}?"
"""Bounded, or a long run of spaces would be gone through again from each of its spaces."""
_BEFORE_COLON = re.compile(_NAME_PARTS + r"(?=\s*:)")
_BEFORE_IN = re.compile(_NAME_PARTS + r"(?=\s+in\b)")
_BEFORE_PARAMETERS_END = re.compile(_NAME_PARTS + r"(?=\s*[:,)])")
_PUNCTUATION = {
    "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "<": "LT", ">": "GT", "(": "LPAR", ")": "RPAR",
    "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE", ",": "COMMA", ":": "COLON", ".": "DOT",
}  # fmt: skip
_VALUE_ENDS = frozenset(
    {"NUMBER", "STRING", "AT", "NAME", "TRUE", "FALSE", "NULL", "RPAR", "RSQB", "RBRACE", "RANGE_CLOSE"}
)
_FIELD = re.compile(rf"{WORD}(?:\s+(?!(?:{'|'.join(sorted(KEYWORDS))}|instance\s+of)\b){WORD})*")
"""A property: after a dot two words in a row can only be one name, known or not."""
_AFTER_A_RANGE = re.compile(r"\s*(?:$|[\])},]|\.\s*[^\W\d]|(?:and|or|then|else|return|satisfies)\b)")
_INSTANCE_OF = re.compile(r"instance\s+of\b")
_MEANT = {
    "==": "=", "&&": "and", "||": "or", "!": "not(...)", "%": "modulo(a, b)", "'": '"', "^": "**", ";": ",",
    "“": '"', "”": '"', "，": ",", "（": "(", "）": ")", "：": ":", "＝": "=", "＞": ">", "＜": "<", "。": ".",
}  # fmt: skip
"""What people type out of habit, and what FEEL writes instead."""


class FeelLexer(Lexer):
    """The token source that the parser generator drives."""

    __future_interface__ = 1  # Lark hands us its state rather than the bare text.

    def __init__(self, conf: Any) -> None:
        from taktflow.expressions.builtins import phrases

        self._phrases = re.compile(_alternatives(phrases()) + r"(?=\s*\()")

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        """The tokens of the text; :class:`ExpressionInvalid` at the first character that fits nowhere."""
        text = lexer_state.text
        yield from _Scan(getattr(text, "text", text), self._phrases).tokens()


def _alternatives(phrases: tuple[str, ...]) -> str:
    longest_first = sorted(phrases, key=len, reverse=True)
    return r"\b(?:" + "|".join(r"\s+".join(map(re.escape, p.split())) for p in longest_first) + r")\b"


class _Scan:
    """One pass over one text."""

    def __init__(self, text: str, phrases: re.Pattern[str]) -> None:
        self.text = text
        self.phrases = phrases
        self.scope = Scope(text)
        self.last = ""
        self.open: list[Token] = []
        self.dotted: list[bool] = []
        self.filters: list[bool] = []
        self.parameters = False
        self.past_parameters = False
        self.angles = 0
        self.typed = False
        self.count = 0

    def tokens(self) -> Iterator[Token]:
        place = 0
        while place < len(self.text):
            match = _SCAN.match(self.text, place)
            if match is None:
                raise self._unreadable(place)
            kind = str(match.lastgroup)
            if kind == "SKIP":
                place = match.end()
                continue
            token = self._word(match[0], place) if kind == "WORD" else self._token(kind, match[0], place)
            self._nest(token)
            self.count += 1
            if self.count > TOKENS:
                raise ExpressionInvalid("expressions.limit.nodes", offset=place, limit=NODES)
            self.last = token.type
            place = int(token.end_pos or match.end())
            yield token
        if self.open:
            opened = self.open[-1]
            raise ExpressionInvalid("expressions.syntax.open", offset=_at(opened), bracket=str(opened))

    def _token(self, kind: str, text: str, place: int) -> Token:
        if kind == "PUNCT":
            kind = self._bracket(text, place) or _PUNCTUATION[text]
        elif kind == "STRING" and self._begins_a_key():
            self.scope.declare(text[1:-1], len(self.open))
        self.typed = False
        return Token(kind, text, start_pos=place, end_pos=place + len(text))

    def _bracket(self, text: str, place: int) -> str:
        """``]1..5[`` writes open ends with turned brackets; only the neighbours tell them from a list's."""
        if text == "]" and self.last not in _VALUE_ENDS and not (self.open and self.last == "LSQB"):
            return "RANGE_OPEN"
        if text == "[" and self.last in _VALUE_ENDS and self.open and self._closes(place):
            return "RANGE_CLOSE"
        if text == "<" and self.typed:
            self.angles += 1
        elif text == ">" and self.angles:
            self.angles -= 1
        return ""

    def _closes(self, place: int) -> bool:
        if self.open[-1].type not in ("RANGE_OPEN", "LSQB", "LPAR"):
            return False
        return self.dotted[-1] and _AFTER_A_RANGE.match(self.text, place + 1) is not None

    def _word(self, word: str, place: int) -> Token:
        self.typed = self._begins_a_type()
        found = self._type(place) if self.typed else self._declared(place)
        name, kind = found or self._longest_name(word, place)
        return Token(kind, " ".join(name.split()), start_pos=place, end_pos=place + len(name))

    def _begins_a_type(self) -> bool:
        if self.last in ("INSTANCE_OF", "ARROW") or (self.parameters and self.last == "COLON"):
            return True
        return bool(self.angles) and self.last in ("LT", "COMMA", "COLON")

    def _type(self, place: int) -> tuple[str, str] | None:
        if self.angles and (key := _BEFORE_COLON.match(self.text, place)):
            return key[0], "NAME"
        phrase = self.scope.type(place)
        return (phrase, "NAME") if phrase else None

    def _begins_a_key(self) -> bool:
        return self.last == "LBRACE" or (self.last == "COMMA" and bool(self.open) and self.open[-1].type == "LBRACE")

    def _declared(self, place: int) -> tuple[str, str] | None:
        """A name where the text itself brings one: it is new, so whatever stands there belongs to it."""
        level = len(self.open)
        if self.last in ("FOR", "SOME", "EVERY") or (self.last == "COMMA" and self.scope.names_variables(level)):
            found = _BEFORE_IN.match(self.text, place)
        elif self.parameters and self.last in ("LPAR", "COMMA"):
            found = _BEFORE_PARAMETERS_END.match(self.text, place)
            level -= 1  # The body stands outside the brackets.
        elif self._begins_a_key():
            found = _BEFORE_COLON.match(self.text, place)
        elif self.last in ("LPAR", "COMMA") and (found := _BEFORE_COLON.match(self.text, place)):
            return found[0], "NAME"  # An argument's name is the function's, not ours.
        else:
            return None
        if found is None:
            return None
        self.scope.declare(found[0], level)
        return found[0], "NAME"

    def _longest_name(self, word: str, place: int) -> tuple[str, str]:
        if self.last == "DOT":
            field = _FIELD.match(self.text, place)
            return max(field[0] if field else word, self.scope.field(place), key=len), "NAME"
        known = self.scope.name(place, filtering=any(self.filters))
        phrase = self.phrases.match(self.text, place)
        if known and (phrase is None or len(known) > len(phrase[0])):
            return known, "NAME"
        if phrase is not None:
            return phrase[0], "NAME"
        if word == "instance" and (operator := _INSTANCE_OF.match(self.text, place)):
            return operator[0], "INSTANCE_OF"
        if word == "external" and self.past_parameters:
            return word, "EXTERNAL"
        return word, word.upper() if word in KEYWORDS else "NAME"

    def _nest(self, token: Token) -> None:
        if token.type in ("LPAR", "LSQB", "LBRACE", "RANGE_OPEN"):
            self.parameters = self.parameters or (token.type == "LPAR" and self.last == "FUNCTION")
            self.open.append(token)
            self.dotted.append(False)
            self.filters.append(token.type == "LSQB" and self.last in _VALUE_ENDS)
            if len(self.open) > DEPTH:
                raise ExpressionInvalid("expressions.limit.depth", offset=_at(token), limit=DEPTH)
        elif token.type in ("RPAR", "RSQB", "RBRACE", "RANGE_CLOSE"):
            if not self.open:
                raise ExpressionInvalid("expressions.syntax.closed", offset=_at(token), bracket=str(token))
            self.open.pop()
            self.dotted.pop()
            self.filters.pop()
            self.scope.leave(len(self.open))
            self.past_parameters, self.parameters = self.parameters, False
            return
        elif token.type == "DOTS" and self.open:
            self.dotted[-1] = True
        else:
            self.scope.meet(token.type, len(self.open))
        self.past_parameters = False

    def _unreadable(self, place: int) -> ExpressionInvalid:
        rest = self.text[place : place + 2]
        if rest[0] == '"' or rest == '@"':
            return ExpressionInvalid("expressions.syntax.quote", offset=place)
        if meant := _MEANT.get(rest, _MEANT.get(rest[0], "")):
            found = rest if rest in _MEANT else rest[0]
            return ExpressionInvalid("expressions.syntax.habit", offset=place, found=found, hint=meant)
        return ExpressionInvalid("expressions.syntax.character", offset=place, found=rest[0])


def _at(token: Token) -> int:
    return int(token.start_pos or 0)
