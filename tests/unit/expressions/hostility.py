"""Makes up text that wants to break what reads or evaluates it: FEEL gone wrong, and FEEL that is all too right."""

from __future__ import annotations

import random

from tests.unit.expressions.sentences import Sentences

_SIGNS = "()[]{}.,:+-*/=<>@?;|&%!~^`\\#$"
_WORDS = "and or not in between if then else for return some every satisfies function external instance of null true"
_TOKENS = (*_SIGNS, "..", "**", "!=", "<=", ">=", ":=", "false", "partial", "date", "time", "duration", *_WORDS.split())
_CHARS = (
    *(
        "\x00",
        "\x7f",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\xa0",
        "\u3000",
        "\ud800",
        "\U0010ffff",
        "\U0001f468\u200d\U0001f469",
    ),
    *("é", "e\u0301", "ß", "İ", "ﬁ", "中", "٣", "Ⅷ", "½", "﹢", "＋", "（", "“", "'", '"', "\n", "\r\n", "\t"),
)
_NUMBERS = (
    "0",
    "-0",
    "1e6144",
    "1E-6176",
    "9" * 34,
    "9" * 35,
    "1." + "3" * 60,
    "." + "0" * 50 + "1",
    "00001",
    "1e999999999",
)
_PATTERN_PARTS = (
    *(
        "a",
        "b",
        ".",
        "\\\\w",
        "\\\\d",
        "[a-z]",
        "[^a]",
        "[a-z-[aeiou]]",
        "\\\\p{L}",
        "\\\\i",
        "^",
        "$",
        "(a|b)",
        "(?:a)",
        "(a*)",
        "(.*)",
    ),
    *("(", ")", "[", "]", "{", "\\\\1", "(?=a)", "(?i)", "\\\\b", "(a|a)", "(a|aa)", "(a+)", "\\\\"),
)
_REPEATS = ("", "", "", "*", "+", "?", "{2}", "{1,}", "{1000}", "{1,99}", "*?", "+?", "{99999999999}")
_LISTS = (
    "lines",
    "lines.qty",
    "1..10000",
    "1..1000000000",
    "[1, 2, 3]",
    "xs",
    "(for z in 1..3000 return z)",
    "5000..1",
)
_OVER_LISTS = ("count", "sum", "flatten", "sort", "distinct values", "mode", "string join")
_AROUND = (
    *(("(", ")"), ("[", "]"), ("{a: ", "}"), ("not(", ")"), ("-", ""), ("if b then ", " else 1"), ("n + ", "")),
    *(("", "[1]"), ("", ".a"), ("", " + n"), ("", " * n"), ("b and ", ""), ("", " = 1"), ("function(x) ", "")),
    *(("for x in xs return ", ""), ("some x in xs satisfies ", ""), ("2 ** ", ""), ("(", ") ** 9"), ("abs(", ")")),
    *(("sort(", ")"), ("lines[", "]"), ("{a: 1, b: ", "}.b"), ("(function(f) ", ")(1)"), ("@", ""), ('"', "")),
)
CELL_PIECES = (
    *(
        "-",
        "EU",
        "EU, US",
        '"EU"',
        "100",
        ">= 100",
        "< 5.5",
        "[1..5]",
        "(1..5)",
        "[1..5)",
        "]1..5[",
        "not(EU)",
        "not(1, 2)",
        "null",
    ),
    *(
        "true",
        "2026-01-31",
        "[2026-01-01..2026-12-31)",
        '>= date("2026-01-01")',
        '@"PT4H"',
        "PT4H",
        "12:00:00",
        "!= 3",
        "= ? > 5",
    ),
    *(
        '= ? > n and matches(?, "a+")',
        "n",
        "n + 1",
        "> n * 2",
        "[n..m]",
        "2026-01-01T10:00:00",
        "2026-01-01T10:00:00Z",
        "不(甲)",
        "1,5",
    ),
    *(
        "[5..1]",
        "[a..b]",
        "not(not(1))",
        "not()",
        "1..5",
        "..",
        "[..5]",
        "> ",
        "= ",
        "==",
        '"EU',
        "'EU'",
        "[1..2], (3..4], >9",
    ),
)


class Hostility:
    """A source of hostile text; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sentences = Sentences(seed)

    def expression(self) -> str:
        """Text for the expression reader."""
        costly = (self._nested, self._loops, self._pattern, self._growing)
        cheap = (self._mutated, self._mutated, self._soup, self._noise)
        return self.chance.choice(costly if self.chance.random() < 0.25 else cheap)()

    def cell(self) -> str:
        """Text for the cell reader."""
        one = self.chance
        if one.random() < 0.2:
            return one.choice(("= ", "", "not(", "> ", "[")) + self.expression()
        text = ", ".join(one.choice(CELL_PIECES) for _ in range(one.choice((1, 1, 1, 2, 3, 40))))
        return self._spoilt(text) if one.random() < 0.6 else text

    def _mutated(self) -> str:
        return self._spoilt(self.sentences.expression())

    def _spoilt(self, text: str) -> str:
        one = self.chance
        for _ in range(one.randrange(4)):
            at, end = sorted((one.randrange(len(text) + 1), one.randrange(len(text) + 1)))
            match one.randrange(7):
                case 0:
                    text = text[:at] + one.choice(_TOKENS) + text[at:]
                case 1:
                    text = text[:at] + text[end:]
                case 2:
                    text = text[:at] + text[at:end] * one.choice((2, 3, 20)) + text[end:]
                case 3:
                    text = text[:at] + one.choice(_CHARS) + text[at:]
                case 4:
                    text = text[:at] + one.choice(_NUMBERS) + text[at:]
                case 5:
                    text = text[:at] + f" {one.choice(_TOKENS)} " + text[end:]
                case _:
                    text = text[:at] + self.sentences.expression(2) + text[at:]
        return text[:5_000]

    def _soup(self) -> str:
        words = (*_TOKENS, *_NUMBERS[:4], "n", "s", "lines", '"a"', "x", "count", "sum")
        return " ".join(self.chance.choices(words, k=self.chance.randrange(1, 40)))

    def _noise(self) -> str:
        one = self.chance
        characters = [
            chr(one.choice((one.randrange(128), one.randrange(0x3000), one.randrange(0x110000)))) for _ in range(40)
        ]
        return "".join(characters[: one.randrange(1, 40)]) + one.choice(("", *_CHARS))

    def _nested(self) -> str:
        one = self.chance
        times = one.choice((10, 40, 48, 60, 300, 1_500))
        before, after = one.choice(_AROUND)
        return (before * times + one.choice(("1", "n", "", "lines", self.sentences.expression(1))) + after * times)[
            :4_200
        ]

    def _loops(self) -> str:
        one = self.chance
        body = (
            self.sentences.expression(2)
            if one.random() < 0.5
            else one.choice(("x", "x * y", "lines", "partial", "s + s"))
        )
        for variable in one.sample("xyzuvw", one.randrange(1, 5)):
            domain = one.choice(_LISTS)
            body = one.choice(
                (
                    f"for {variable} in {domain} return {body}",
                    f"(some {variable} in {domain} satisfies {body})",
                    f"(every {variable} in {domain}, q in {one.choice(_LISTS)} satisfies {body} = 1)",
                    f"{one.choice(_OVER_LISTS)}({body})",
                    f"(for q in {domain} return q)[{body} > item]",
                    f"sort({domain if '..' not in domain else 'xs'}, function(a, b) {body} < a)",
                    f"{{f: function(x) {body}, r: for i in 1..{one.choice((5, 500, 10_000))} return f(i)}}.r",
                )
            )
        return body

    def _pattern(self) -> str:
        one = self.chance
        parts = [one.choice(_PATTERN_PARTS) + one.choice(_REPEATS) for _ in range(one.randrange(1, 9))]
        pattern = "".join(parts) * one.choice((1, 1, 1, 3, 30))
        text = one.choice(("s", "long", '"aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"', "upper case(long)", '"é\U0001f600"'))
        flags = one.choice(("", "", ', "i"', ', "smix"', ', "z"'))
        other = one.choice(("x", "$1$1$1", "$0$0", "\\\\$", "$", "$99", "b" * 900))
        call = one.choice((f'matches({text}, "{pattern}"{flags})', f'replace({text}, "{pattern}", "{other}"{flags})'))
        return one.choice((call, call, f'split({text}, "{pattern}")', f"for x in 1..1000 return {call}"))

    def _growing(self) -> str:
        one = self.chance
        step = one.choice(
            ("a + a", "concatenate(a, a)", "[a, a]", "{x: a, y: a}", "a * a", "a ** 9", 'string join([a, a], "")')
        )
        step = one.choice(
            (step, step, "string(a)", "for i in 1..9 return a", "append(a, a)", "union(a, a)", 'replace(a, "a", "aa")')
        )
        start = one.choice(
            ("long", "lines", "1..1000", "n", "[1]", '"a"', "for q in 1..9999 return q", "9e3000", "long + long")
        )
        times = one.choice((3, 10, 30))
        entries = "".join(
            f", v{n}: {step.replace('a', f'v{n - 1}') if step.count('a') < 3 else step}" for n in range(1, times)
        )
        return f"{{v0: {start}, a: v0{entries}, r: count(v{times - 1})}}"
