"""What only the HTTP door refuses; all else is refused by the services."""

from __future__ import annotations

from taktflow.errors import Forbidden, Invalid


class Malformed(Invalid):
    """The body is not what its content type says (400)."""


class PreconditionMissing(Invalid):
    """The change does not say which revision it is based on (428)."""


class CsrfMissing(Forbidden):
    """A change with the session's cookie does not carry the session's CSRF token."""
