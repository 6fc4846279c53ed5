"""Make the virtual environment that requirements.lock describes; needs Python 3.11 and nothing else.

Every package is checked against the hash in the lock. uv installs them in seconds; where it cannot (a mirror it does
not reach), pip does the same work slower.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv", type=Path, nargs="?", default=ROOT / ".venv")
    parser.add_argument("--lock", type=Path, help="add what this names to an environment that stands")
    asked = parser.parse_args()
    folder = Path(os.path.abspath(asked.venv))  # noqa: PTH100 - resolve() would leave the folder through a link.
    python = folder / "bin" / "python"
    if asked.lock is not None:
        install_all(python, asked.lock)
        return 0
    if not usable(python):
        print(f"making {folder.name} with Python {sys.version.split()[0]}", flush=True)
        create(folder)
    install_locked(python)
    # The project itself: editable, built by the locked hatchling, so nothing is fetched unlocked.
    pip(python, ["install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    return 0


def usable(python: Path) -> bool:
    """Whether ``python`` still runs; a virtual environment breaks when the Python it was made from goes away."""
    try:
        return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def create(folder: Path) -> None:
    """A new virtual environment with pip in it, over whatever is left of an old one."""
    try:
        venv.create(folder, with_pip=True, clear=folder.exists())
    except subprocess.CalledProcessError:
        sys.exit(
            "This Python cannot put pip into a venv. On Debian and Ubuntu: apt-get install python3-venv, then again."
        )


def install_locked(python: Path) -> None:
    """Install uv by pip, and by uv all that the lock names."""
    with tempfile.TemporaryDirectory() as scratch:
        uv_alone = Path(scratch) / "uv.lock"
        uv_alone.write_text(locked("uv"), encoding="utf-8")
        pip(python, ["install", "--quiet", "--require-hashes", "--requirement", str(uv_alone)])
    install_all(python, LOCK)


def install_all(python: Path, lock: Path) -> None:
    """Install all that ``lock`` names, by uv, or by pip where uv fails."""
    print(f"installing what {lock.name} names", flush=True)
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python), "--requirement", str(lock)]
    # Bytecode now: many short processes start from here, and some systems never write it by themselves.
    wanted = ["--require-hashes", "--compile-bytecode"]
    done = subprocess.run([*uv, *wanted], check=False, env=os.environ | mirror(python))
    if done.returncode != 0:
        print("uv could not; pip does it, which takes some minutes", flush=True)
        pip(python, ["install", "--quiet", "--require-hashes", "--requirement", str(lock)])


def locked(name: str) -> str:
    """The lines of the lock that pin ``name``."""
    lines = LOCK.read_text(encoding="utf-8").splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{name}=="))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    return "".join(lines[start:end])


def mirror(python: Path) -> dict[str, str]:
    """The package mirror that pip is told to use, in uv's words, since uv does not read pip's settings."""
    if os.environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        return {}
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        if key.endswith(".index-url"):
            return {"UV_DEFAULT_INDEX": str(ast.literal_eval(value))}
    return {}


def pip(python: Path, arguments: Sequence[str]) -> None:
    """Run the environment's own pip; end with its exit code when it fails, its words having been printed."""
    done = subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *arguments], check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
