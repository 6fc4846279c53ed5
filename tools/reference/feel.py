"""The page of the expression language: what it holds, every built-in, where it leaves the standard and what fails."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from taktflow.expressions import limits
from taktflow.expressions.builtins import Builtin, Form, contexts, conversions, lists, numbers, ranges, texts, times
from taktflow.expressions.builtins import range_texts as texts_of_ranges
from tools.reference.markdown import code, page, table

_GROUPS: Sequence[tuple[str, tuple[ModuleType, ...]]] = (
    ("Conversion", (conversions, texts_of_ranges)),
    ("Text", (texts,)),
    ("Numbers and truth", (numbers,)),
    ("Lists", (lists,)),
    ("Contexts", (contexts,)),
    ("Ranges", (ranges,)),
    ("Calendar and clock", (times,)),
)
_PARTS = (
    ("numbers", "`12`, `.5`, `1.2e3`: decimals of 34 digits, rounded half-even; there is no infinity and no NaN"),
    ("texts", '`"EU"` with `\\n \\t \\" \\\\ \\u00e9 \\U01F600`; a character is a Unicode code point'),
    ("truth", "`true`, `false`, `null` with three-valued `and`, `or` and `not(...)`"),
    (
        "dates and times",
        '`@"2026-11-23"`, `@"14:30:00"`, `@"2026-11-23T14:30:00+08:00"`, `@"...@Asia/Shanghai"`; '
        "years from -999,999,999 to 999,999,999",
    ),
    ("durations", '`@"P1DT2H"` of days and time, `@"P1Y6M"` of years and months'),
    ("lists", "`[1, 2]`; entries count from 1, and from the end when negative; `xs[item > 1]`, `lines[qty > 5].sku`"),
    ("contexts", "`{net: 5, gross: net * 1.13}`; an entry sees those before it, and a function sees itself"),
    (
        "ranges",
        "`[1..5]`, `(1..5)`, `]1..5[`, `(< 5)`, `(>= 5)`, `(= 5)`, `(!= 5)`; `.start`, `.end`, `.start included`",
    ),
    ("operators", "`+ - * / **`, `= != < <= > >=`, `between ... and`, `in`, `instance of`; unary minus binds tightest"),
    ("choice", "`if a then b else c`; anything but true takes the second way"),
    (
        "loops",
        "`for x in xs, y in 1..3 return x * y`, `some ... satisfies`, `every ... satisfies`; `partial` in a loop",
    ),
    ("functions", "`function(a: number, b) a + b`, called by position or by name; `external` ones give null"),
    (
        "types",
        "`number`, `string`, `boolean`, `date`, `time`, `date and time`, `days and time duration`, "
        "`years and months duration`, `Any`, `Null`, `list<T>`, `range<T>`, `context<a: T>`, `function<A, B>->R`",
    ),
    (
        "names",
        "hold spaces, keywords and `+ - * / . '` where the scope knows them, and the longest known one is meant; "
        "entries, parameters and loop variables are known in their bracket",
    ),
    ("comments", "`// to the end of the line`, `/* between */`"),
)
_DEVIATIONS = (
    (
        "A date and time without a zone",
        "means the caller's zone, so that it can be waited for, as `today()` is the caller's day. Where `taktflow "
        "decide` asks a DMN model, that is the plant's zone. The cases of the TCK are evaluated to the letter instead: "
        "such a moment has no zone, equals none that has one, and cannot be subtracted from one",
    ),
    ("Midnight as `24:00:00`", 'is no time: `time("24:00:00")` gives null; it is written `00:00:00`'),
    (
        f"Numbers of more than {limits.LITERAL_DIGITS} digits",
        "are refused with their place where an expression writes them, rather than rounded",
    ),
    ("Seconds", "run to the microsecond; further digits are cut off"),
    (
        "Years beyond 1 to 9999",
        "live inside an expression only: handed to a document they are null, since no database keeps them. "
        "In table cells they are refused",
    ),
    (
        "Regular expressions",
        "run on RE2, which nothing makes hang. References to a group work where the group is plain characters; class "
        "subtraction works over ranges, not over `\\d`, `\\w` and categories. Anything else of that kind gives null",
    ),
    ("External functions", "(Java, PMML) are read and give null: no foreign code runs in the engine"),
    ("`instance of` a function", "takes what a function of ours gives for whatever is asked: it is known when it runs"),
    (
        "Names of several words that the scope does not know",
        "are refused with their place rather than null; after a dot only those with an operator must be known",
    ),
    (
        "Optional arguments",
        "`number` may go without its separators, and `duplicate values`, which the standard lacks, is there too",
    ),
    (
        "Bounds",
        f"an expression has at most {limits.SOURCE_CHARS:,} characters and {limits.NODES} parts, makes texts of at "
        f"most {limits.STRING_CHARS:,} characters and lists of at most {limits.LIST_ITEMS:,} entries, and calls "
        f"functions {limits.CALL_DEPTH} deep; its answer holds at most {limits.ANSWER_ENTRIES:,} values. "
        "Work is counted, so that the same input always answers alike",
    ),
)
_FAILING = (
    (
        "0076-feel-external-java",
        "boxed_001, literal_001 to literal_012, varargs_001",
        "They call methods of Java's library. Functions of foreign code give null here.",
    ),
)


def feel() -> str:
    """The language as it is supported."""
    return page(
        "Expressions: FEEL",
        "Conditions, formulas, table cells and every value written `{$: ...}` are expressions of FEEL (DMN 1.5, "
        "chapter 10). Whatever has no meaning gives null and never an error at run time; `taktflow check` tells "
        "before, with line, place and length, what can never have one.",
        "## The language",
        table(("part", "how it is written"), _PARTS),
        "## Built-in functions",
        "Arguments go by position or by the names below. A `?` marks one that may be left out, `...` one that may be "
        "repeated. A wrong number, name or type of arguments gives null. A list of one stands for its entry, and an "
        "entry for a list of one.",
        *(f"### {title}\n\n{_group(modules)}" for title, modules in _GROUPS),
        "## Where it leaves the standard",
        table(("what", "how"), _DEVIATIONS),
        "## Cases of the DMN TCK that fail",
        "`python -m tests.conformance.dmn_tck DIR` runs any folder of the DMN Technology Compatibility Kit. Level 2: "
        "116 of 116 cases. Of the 68 folders of level 3 that are kept with the project's test data, 1,255 of 1,269:",
        table(("folder", "cases", "why"), _FAILING),
    )


def _group(modules: tuple[ModuleType, ...]) -> str:
    found: list[Builtin] = [b for module in modules for b in module.FUNCTIONS]
    rows = [(code(_call(b, form)), _result(form)) for b in found for form in b.forms]
    return table(("call", "gives"), rows)


def _call(built_in: Builtin, form: Form) -> str:
    parts = [f"{p.name}: {p.type}{'?' if p.optional else ''}" for p in form.parameters]
    return f"{built_in.name}({', '.join(parts)}{', ...' if form.rest else ''})"


def _result(form: Form) -> str:
    return "by its arguments" if callable(form.result) else code(str(form.result))
