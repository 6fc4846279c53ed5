"""The page of settings, and the sample ``.env``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from taktflow.settings import Settings
from tools.reference.markdown import code, page, table


def settings() -> str:
    """Every setting with its environment variable, default and meaning."""
    return page(
        "Settings",
        "A setting is an environment variable or a line in `.env`; nothing else configures a process. The sample "
        "`.env.example` names them all.",
        table(("variable", "default", "meaning"), [(code(n), code(d), about) for n, d, about in _settings()]),
    )


def sample() -> str:
    """``.env.example``: every setting with its default, commented out."""
    lines = ["# Copy to .env and uncomment what should differ; written by `make reference`."]
    for name, default, about in _settings():
        lines += ["", f"# {about}", f"# {name}={default}"]
    return "\n".join(lines) + "\n"


def _settings() -> Iterator[tuple[str, str, str]]:
    prefix = Settings.model_config.get("env_prefix", "")
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default is None or default is PydanticUndefined else default
        if isinstance(default, SecretStr):
            shown = ""
        if isinstance(default, Path):
            shown = default.as_posix()
        if isinstance(default, bool):
            shown = str(default).lower()
        yield f"{prefix}{name}".upper(), str(shown), field.description or ""
