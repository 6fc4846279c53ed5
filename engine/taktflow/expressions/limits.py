"""How much one expression may be and do. Every bound is counted, never timed: one input always answers alike."""

from __future__ import annotations

SOURCE_CHARS = 4_000
NODES = 500
TOKENS = 3 * NODES
"""Words and signs, so that a text of mere brackets is refused before it is parsed."""
DEPTH = 50
STRING_CHARS = 10_000
"""Characters of one text that an expression makes."""
LIST_ITEMS = 10_000
"""Entries of one list that an expression makes."""
LITERAL_DIGITS = 34
ANSWER_ENTRIES = 200_000
"""Values that an answer may hold, those inside its lists and contexts included."""
STEPS = 132_000
"""Work of one evaluation: nodes visited in loops, list entries looked at, characters made (64 of them a step)."""
SAFE_STEPS = 10_000
"""The same for the slower evaluator of previews."""
CALL_DEPTH = 40
"""Functions inside functions while an expression runs."""
CHARS_A_STEP = 64
PATTERN_CHARS = 500
"""Characters of a regular expression."""
