"""Built-ins on text (DMN 1.5, 10.3.4.3). Characters are Unicode code points and count from 1."""

from __future__ import annotations

from decimal import Decimal

from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, place_of
from taktflow.expressions.limits import STRING_CHARS
from taktflow.expressions.patterns import holes, pattern, replacement
from taktflow.expressions.run import Run, allowed_length
from taktflow.expressions.types import ANY_LIST, BOOLEAN, NUMBER, STRING, ListOf
from taktflow.values import Value


def _substring(text: str, start: Decimal, length: Decimal | None) -> Value:
    first = place_of(start)
    if first == 0 or abs(first) > len(text):
        return None
    begin = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[begin:]
    # The standard's own examples cut a fraction of a character off.
    count = int(length) if abs(length) < STRING_CHARS * 100 else len(text)
    return text[begin : begin + count] if count >= 1 else None


def _length(text: str) -> Value:
    return Decimal(len(text))


def _upper(text: str) -> Value:
    return text.upper()


def _lower(text: str) -> Value:
    return text.lower()


def _before(text: str, match: str) -> Value:
    head, found, _ = text.partition(match) if match else ("", match, "")
    return head if found else ""


def _after(text: str, match: str) -> Value:
    return text.partition(match)[2] if match else text


def _contains(text: str, match: str) -> Value:
    return match in text


def _starts(text: str, match: str) -> Value:
    return text.startswith(match)


def _ends(text: str, match: str) -> Value:
    return text.endswith(match)


def _matches(run: Run, text: str, wanted: str, flags: str | None) -> Value:
    return pattern(wanted, flags or "").found(run, text)


_CHARS_FILLED_A_STEP = 4


def _replace(run: Run, text: str, wanted: str, new: str, flags: str | None) -> Value:
    compiled = pattern(wanted, flags or "")
    filling = len(new) // _CHARS_FILLED_A_STEP if holes(new) else 0
    run.charge(filling)
    filled = replacement(new, compiled.groups, "q" in (flags or ""))
    pieces: list[str] = []
    end = length = 0
    for match in compiled.matches(run, text):
        run.charge(filling)
        pieces += [text[end : match.start()], filled(match)]
        length += len(pieces[-1]) + len(pieces[-2])
        allowed_length(length)
        end = match.end()
    return "".join(pieces) + text[end:]


def _split(run: Run, text: str, delimiter: str) -> Value:
    pieces: list[Value] = []
    end = 0
    for match in pattern(delimiter, "").matches(run, text):
        pieces.append(text[end : match.start()])
        end = match.end()
    return [*pieces, text[end:]]


def _join(texts: list[Value], delimiter: str | None) -> Value:
    kept = [t for t in texts if t is not None]
    if not all(isinstance(t, str) for t in kept):
        return None
    # Counted before it is made: the list may hold the same long text ten thousand times.
    allowed_length(sum(map(len, kept)) + len(delimiter or "") * (len(kept) - 1))
    return (delimiter or "").join(kept)


_STRING = Parameter("string", STRING)
_MATCH = Parameter("match", STRING)
_INPUT, _PATTERN = Parameter("input", STRING), Parameter("pattern", STRING)
_FLAGS = Parameter("flags", STRING, optional=True)
FUNCTIONS = (
    Builtin(
        "substring",
        (
            Form(
                (_STRING, Parameter("start position", NUMBER), Parameter("length", NUMBER, optional=True)),
                STRING,
                _substring,
            ),
        ),
    ),
    Builtin("string length", (Form((_STRING,), NUMBER, _length),)),
    Builtin("upper case", (Form((_STRING,), STRING, _upper),)),
    Builtin("lower case", (Form((_STRING,), STRING, _lower),)),
    Builtin("substring before", (Form((_STRING, _MATCH), STRING, _before),)),
    Builtin("substring after", (Form((_STRING, _MATCH), STRING, _after),)),
    Builtin("contains", (Form((_STRING, _MATCH), BOOLEAN, _contains),)),
    Builtin("starts with", (Form((_STRING, _MATCH), BOOLEAN, _starts),)),
    Builtin("ends with", (Form((_STRING, _MATCH), BOOLEAN, _ends),)),
    Builtin("matches", (Form((_INPUT, _PATTERN, _FLAGS), BOOLEAN, _matches, needs_run=True),)),
    Builtin(
        "replace",
        (Form((_INPUT, _PATTERN, Parameter("replacement", STRING), _FLAGS), STRING, _replace, needs_run=True),),
    ),
    Builtin("split", (Form((_STRING, Parameter("delimiter", STRING)), ListOf(STRING), _split, needs_run=True),)),
    Builtin(
        "string join",
        (
            Form(
                (Parameter("list", ANY_LIST), Parameter("delimiter", STRING, optional=True)),
                STRING,
                _join,
            ),
        ),
    ),
)
