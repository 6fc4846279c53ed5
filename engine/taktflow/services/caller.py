"""Who asks: a signed-in person, a token, or the engine itself."""

from __future__ import annotations

from dataclasses import dataclass

from taktflow.values import Language


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever stands at a door. ``name`` is a user's name, or ``connection:id`` for a channel."""

    name: str
    roles: frozenset[str] = frozenset()
    language: Language = "zh"

    @property
    def principals(self) -> frozenset[str]:
        """Every principal the caller is: themselves and each role they hold."""
        return frozenset({f"user:{self.name}", *(f"role:{r}" for r in self.roles)})

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do everything a person may."""
        return "admin" in self.roles

    def is_any_of(self, principals: tuple[str, ...]) -> bool:
        """Whether one of ``principals`` is the caller; an empty list means anyone signed in."""
        return not principals or bool(self.principals & set(principals))


ENGINE = Caller("engine", frozenset({"admin"}))
"""The engine acting by itself, such as a schedule that fires."""
ANYONE = Caller("anyone")
"""A visitor who is not signed in."""
