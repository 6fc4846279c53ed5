"""Passwords and keys: made from randomness, kept only as hashes."""

from __future__ import annotations

import hashlib
import secrets as randomness

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST = 10
LONGEST = 200
TOKEN_PREFIX = "tf_"  # noqa: S105 - names our tokens for secret scanners, proves nothing

# OWASP's second choice for argon2id: 19 MiB, two passes, one lane; about 25 ms, so that a crowd may sign in at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Stands in for the hash of a user who does not exist, so that both answers take the same time.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$Hu1dRzchJDhshHf0aTen4Q$9UQ34KHbi9RFLM1ahdzT9U55GOPVtaHU9tKKbgUPo3w"
_READABLE = "abcdefghijkmnpqrstuvwxyz23456789"


def password_hash(password: str) -> str:
    """What is kept of ``password``."""
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one that was kept; takes the same time when ``kept`` is None."""
    try:
        right = _HASHER.verify(kept or _NOBODY, password[: LONGEST + 1])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return right and kept is not None


def needs_new_hash(kept: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(kept)


def random_password() -> str:
    """A password of 80 bits that a person can type: four groups of four, no letter that looks like another."""
    return "-".join("".join(randomness.choice(_READABLE) for _ in range(4)) for _ in range(4))


def random_token() -> str:
    """A bearer's proof of 256 bits."""
    return randomness.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a random token; no salt is needed, since nobody can guess 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()
