"""Find a Chromium that starts, or unpack one, and leave it as one executable for the end-to-end tests.

In this order: ``TAKTFLOW_TEST_CHROMIUM``, one that is installed, the one inside npm's ``@sparticuz/chromium`` (x86-64
Linux; its libraries and a Latin font come with it, Chinese glyphs only from an installed font).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tools" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
START_TIMEOUT_S = 60.0

LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
if [ ! -e /etc/fonts/fonts.conf ]; then
    FONTCONFIG_FILE="$here/fonts.conf"
    export FONTCONFIG_FILE
fi
exec "$here/chrome" "$@"
"""

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the executable `chromium` is put")
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / "chromium"
    for candidate in installed():
        # The name asked for may be this folder's own from an earlier time; it must not become a link to itself.
        if folder not in candidate.absolute().parents and starts(candidate):
            executable.unlink(missing_ok=True)
            executable.symlink_to(candidate)
            print(f"chromium: {candidate}")
            return 0
    unpack(folder)
    if not starts(executable):
        sys.exit("The unpacked Chromium does not start. Install one (Debian: apt-get install chromium), then again.")
    print("chromium: the one inside npm's @sparticuz/chromium")
    return 0


def installed() -> Iterator[Path]:
    """Every Chromium this machine may have, the one asked for first."""
    if asked := os.environ.get("TAKTFLOW_TEST_CHROMIUM"):
        yield Path(asked)
    for name in NAMES:
        if place := shutil.which(name):
            yield Path(place)
    if MAC.exists():
        yield MAC


def starts(executable: Path) -> bool:
    """Whether ``executable`` comes up headless far enough to listen for a driver."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [str(executable), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
        try:
            browser = subprocess.Popen(
                [*command, *quiet, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return False
        try:
            return _listens(browser, Path(profile) / "DevToolsActivePort")
        finally:
            browser.terminate()
            browser.wait(timeout=START_TIMEOUT_S)


def _listens(browser: subprocess.Popen[bytes], port_file: Path) -> bool:
    last = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < last and browser.poll() is None:
        if port_file.exists():
            return True
        time.sleep(0.1)
    return False


def unpack(folder: Path) -> None:
    """Fill ``folder`` with the browser that travels inside the npm package."""
    if platform.system() != "Linux" or platform.machine() not in {"x86_64", "AMD64"}:
        sys.exit("No Chromium found. Install one, or name it in TAKTFLOW_TEST_CHROMIUM, then again.")
    _run("npm", "ci", "--prefix", str(PACKAGE), "--ignore-scripts", "--no-audit", "--no-fund")
    packed = PACKAGE / "node_modules" / "@sparticuz" / "chromium" / "bin"
    chrome = folder / "chrome"
    _run("node", str(PACKAGE / "unpack.mjs"), str(packed / "chromium.br"), str(chrome))
    for name in ("al2023", "swiftshader", "fonts"):
        archive = folder / f"{name}.tar"
        _run("node", str(PACKAGE / "unpack.mjs"), str(packed / f"{name}.tar.br"), str(archive))
        _run("tar", "-xf", str(archive), "-C", str(folder))
        archive.unlink()
    (folder / "fonts.conf").write_text(FONTS, encoding="utf-8")
    launcher = folder / "chromium"
    launcher.unlink(missing_ok=True)
    launcher.write_text(LAUNCHER, encoding="utf-8")
    for program in (chrome, launcher):
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:2])} ended with {done.returncode}; its own words stand above.")


if __name__ == "__main__":
    sys.exit(main())
