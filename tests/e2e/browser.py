"""A real Chromium for end-to-end tests: it reaches one server only, and everything it complains of is kept."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright

from tests.services import Unavailable

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "engine" / "taktflow" / "api" / "static" / "index.html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DESK = (1280, 800)
PHONE = (390, 844)
LOCALES: Mapping[str, str] = {"zh": "zh-CN", "en": "en-GB"}
_PATIENCE_MS = 15_000
_GRAVE = frozenset({"serious", "critical"})
_LOCAL_SCHEMES = frozenset({"data", "blob", "about"})
_UNANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@dataclass
class Surface:
    """One person's browser window. ``refusals`` are the statuses that this test lets the server answer with."""

    page: Page
    host: str
    refusals: set[int] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Goes to ``path`` on the server."""
        self.page.goto(f"http://{self.host}{path}")
        return self.page

    def sign_in(self, name: str, password: str) -> None:
        """Signs in beside the page, as one who did so before; the page's own sign-in is a test of its own."""
        answer = self.page.context.request.post(
            f"http://{self.host}/api/session", data={"name": name, "password": password}
        )
        assert answer.ok, answer.text()

    def violations(self) -> list[str]:
        """What axe-core finds grave on the page, with where it is."""
        found = self.page.evaluate("() => axe.run({resultTypes: ['violations']})")
        return [
            f"{v['id']} ({v['impact']}): {node['html'][:160]} {node['failureSummary']}"
            for v in found["violations"]
            if v["impact"] in _GRAVE
            for node in v["nodes"]
        ]

    def is_wider_than_the_window(self) -> bool:
        """Whether a reader would have to scroll sideways."""
        wide: bool = self.page.evaluate("() => document.scrollingElement.scrollWidth > innerWidth")
        return wide

    def watch(self) -> None:
        """Keeps what the page complains of and whom it asks."""
        self.page.context.on("request", self._asked)
        self.page.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page.context.on("console", self._said)

    def _asked(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _LOCAL_SCHEMES and address.netloc != self.host:
            self.foreign.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        refused = _UNANSWERED.match(message.text)
        # Chromium itself tells of every answer that is no success; the page asks first whether anyone is signed in.
        if refused and (int(refused[1]) in self.refusals or message.location["url"].endswith("/api/session")):
            return
        self.complaints.append(f"{message.type}: {message.text} {message.location}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that looks up no name; raises Unavailable when there is none or nothing to show in it."""
    executable = os.environ.get("TAKTFLOW_TEST_CHROMIUM") or shutil.which("chromium")
    if not executable or not Path(executable).exists():
        raise Unavailable("no Chromium: TAKTFLOW_TEST_CHROMIUM names none and none is installed; run make test")
    for needed, how in ((PAGE, "make build"), (AXE, "npm ci")):
        if not needed.exists():
            raise Unavailable(f"{needed.relative_to(ROOT)} is missing; run {how}")
    arguments = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        except Error as wrong:
            raise Unavailable(f"{executable} does not start: {wrong.message[:300]}") from wrong
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def surface(
    browser: Browser, host: str, language: str = "zh", size: tuple[int, int] = DESK, **more: Any
) -> Iterator[Surface]:
    """A fresh window for one person. At its end the page must have asked no other host and complained of nothing."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=LOCALES[language], **more
    )
    # Comes in beside the page, whose own security policy stays in force.
    context.add_init_script(path=AXE)
    context.set_default_timeout(_PATIENCE_MS)
    context.set_default_navigation_timeout(_PATIENCE_MS)
    try:
        window = Surface(context.new_page(), host)
        window.watch()
        yield window
        assert window.foreign == [], "the page asked another host"
        assert window.complaints == []
    finally:
        context.close()
