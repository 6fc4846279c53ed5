"""People at work in a real browser: a visitor orders, a supervisor decides, an operator mends."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import DESK, PHONE, Surface, chromium, surface
from tests.e2e.factory import Plant, Served, a_plant, client, opened, publish_order_to_cash, settings_of
from tests.services import Unavailable, without

CUSTOMER = {"code": "C-01", "name": "Nordwind Pumpen GmbH", "country": "DE", "tier": "A"}
PRODUCTS = (
    {"sku": "FL-DN50", "names": ["法兰 DN50", "Flange DN50"], "min_qty": 100, "active": True},
    {"sku": "GS-20", "names": ["密封垫", "Gasket"], "min_qty": 20, "active": True},
)
BOOKING = """
kind: pack
id: booking_by_hand
title: {zh: 手工登记, en: Booking by hand}
needs: [connector.act]
---
kind: workflow
id: booking_by_hand
title: {zh: 手工登记, en: Booking by hand}
data:
  key: number
  vars:
    number: {type: text, title: {zh: 单号, en: Number}}
start:
  - {id: hand, type: manual}
nodes:
  book:
    type: connector.act
    title: {zh: 登记到 ERP, en: Book in the ERP}
    connection: erp_main
    action: create_order
    with:
      number: {$: number}
      customer: C-01
      currency: CNY
      lines: [{sku: GS-20, qty: 5, unit_price: 3.2}]
    idempotency: {$: number}
    retry: {max: 0}
    out: booking
  booked: {type: end, outcome: booked}
edges:
  - [hand, book]
  - [book, booked]
"""
SCREENSHOTS = os.environ.get("TAKTFLOW_TEST_SCREENSHOTS")
"""A folder for a picture of every page, for whoever wants to look."""

pytestmark = pytest.mark.timeout(120)


@dataclass
class Factory:
    """A running factory with its people and their passwords."""

    plant: Plant
    http: httpx.Client
    host: str
    passwords: dict[str, str]
    signed_in: dict[str, httpx.Client] = field(default_factory=dict)
    quantities: Iterator[int] = field(default_factory=lambda: itertools.count(31))
    """Two orders of the same quantity would look like one sent twice."""

    def as_user(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """What the API answers ``name``."""
        if name not in self.signed_in:
            http = self.signed_in[name] = client(str(self.http.base_url))
            session = http.post("/api/session", json={"name": name, "password": self.passwords[name]})
            assert session.is_success, session.text
            http.headers["x-csrf-token"] = session.json()["csrf"]
        answer = self.signed_in[name].request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def close(self) -> None:
        """Ends every connection."""
        for http in self.signed_in.values():
            http.close()

    def order(self, reference: str, name: str | None = None) -> str:
        """An order below the minimum over the web form, which is held; gives back its instance."""
        data = {
            "customer": CUSTOMER["code"],
            "contact": "buyer@nordwind.example",
            "template": "export",
            "reference": reference,
            "lines": [{"sku": "FL-DN50", "qty": next(self.quantities)}],
        }
        path, body = "/api/forms/order_intake/web", {"submission_id": f"submission-{reference}", "data": data}
        if name is not None:
            return str(self.as_user(name, "POST", path, body)["id"])
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    def eventually(self, look: Callable[[], Any]) -> Any:
        """What ``look`` gives as soon as it gives something."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if found := look():
                return found
            time.sleep(0.1)
        raise AssertionError("it did not happen")

    def instance(self, id: str) -> Any:
        """The instance as an operator sees it."""
        return self.as_user("operator", "GET", f"/api/instances/{id}")

    def task_of(self, id: str) -> str:
        """The open task of an instance."""
        found = self.eventually(lambda: self.instance(id)["user_tasks"])
        return str(found[0]["id"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium())
        except Unavailable as reason:
            without(reason)
        yield browser


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    folder = tmp_path_factory.mktemp("factory")
    with a_plant(folder, {"FL-DN50": 10**6, "GS-20": 10**6}) as plant:
        environment = settings_of(folder, plant, f"sqlite:///{folder / 'taktflow.db'}")
        with opened(environment) as engine:
            publish_order_to_cash(engine, folder)
        passwords = demo_passwords(environment)
        with Served(environment, folder / "server.log") as server:
            server.wait_ready()
            with client(server.base) as http:
                factory = Factory(plant, http, server.base.removeprefix("http://"), passwords)
                try:
                    furnish(factory)
                    yield factory
                finally:
                    factory.close()
            server.stop()


def demo_passwords(environment: dict[str, str]) -> dict[str, str]:
    """The demo's people as the command creates them, by name."""
    command = [sys.executable, "-m", "taktflow.cli", "user", "demo"]
    told = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    lines = [line.split() for line in told.stdout.splitlines() if line.strip()]
    return {words[0]: words[-1] for words in lines}


def furnish(factory: Factory) -> None:
    """Master data and the test's own workflow, over the API as people bring them."""
    factory.as_user("sales", "POST", "/api/records/customer", {"fields": CUSTOMER})
    for product in PRODUCTS:
        factory.as_user("planner", "POST", "/api/records/product", {"fields": product})
    files = [{"name": "pack.yaml", "source": BOOKING}]
    factory.as_user("analyst", "POST", "/api/packs/publish", {"files": files})


@pytest.fixture
def window(browser: Browser, factory: Factory) -> Iterator[Surface]:
    """A desk with a Chinese browser."""
    with surface(browser, factory.host) as window:
        yield window


def test_an_order_goes_from_a_visitors_phone_over_the_supervisors_desk_into_the_erp(
    browser: Browser, factory: Factory, window: Surface
) -> None:
    page = window.open("/")
    page.get_by_label("用户名").fill("supervisor")
    page.get_by_label("密码").fill(factory.passwords["supervisor"])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="我的待办")).to_be_visible()
    expect(page.get_by_text("实时更新")).to_be_visible()

    with surface(browser, factory.host, "en", PHONE, is_mobile=True, has_touch=True) as phone:
        visit(phone.open("/forms/order_intake/web"))
        assert wrong_here(phone, "thanks") == []

    # The list was open before the order came: it shows it by itself.
    page.get_by_role("link", name="主管二次确认 WEB-C-01-PHONE-1").click()
    expect(page.get_by_text("客户 · 名称")).to_be_visible()
    expect(page.get_by_text("Nordwind Pumpen GmbH")).to_be_visible()
    lines = page.get_by_role("group", name="明细").get_by_role("row")
    expect(lines.first.get_by_role("columnheader")).to_have_text(
        ["产品编码", "数量", "最小起订量", "可售库存", "单价", "金额"]
    )
    expect(lines.last.get_by_role("cell")).to_have_text(["FL-DN50", "30", "100", "1,000,000", "14.2", "426.00"])
    finding = page.get_by_role("group", name="校验结果").get_by_role("row").last
    expect(finding).to_contain_text("严重")
    expect(finding).to_contain_text("低于最小起订量")
    expect(page.get_by_text("EUR")).to_be_visible()

    page.get_by_role("button", name="批准").click()
    expect(page.get_by_text("请填写“理由”")).to_be_visible()
    assert wrong_here(window, "refused-by-the-form") == []
    assert factory.plant.orders() == []
    page.get_by_label("理由").fill("老客户，允许小单")
    page.get_by_role("button", name="批准").click()
    expect(page.get_by_test_id("toast")).to_contain_text("已提交")

    page.goto(f"http://{factory.host}/instances")
    row = page.get_by_test_id("instance").filter(has_text="WEB-C-01-PHONE-1")
    expect(row).to_contain_text("已登记")
    expect(row).to_contain_text("访客")
    booked = [w for w in factory.plant.ledger() if "WEB-C-01-PHONE-1" in str(w)]
    assert len(booked) == 1
    assert [o["number"] for o in factory.plant.orders()] == ["WEB-C-01-PHONE-1"]


def visit(page: Page) -> None:
    """A visitor orders less than the minimum on a phone."""
    page.get_by_label("Customer code").fill("C-01")
    page.get_by_label("Contact").fill("buyer@nordwind.example")
    page.get_by_role("combobox", name="Price template").click()
    page.get_by_title("Export").click()
    page.get_by_label("Your reference").fill("PHONE-1")
    page.get_by_label("Product code").fill("FL-DN50")
    page.get_by_label("Quantity").fill("30")
    page.get_by_role("button", name="Send order").click()
    expect(page.get_by_text("We have your order and will confirm it soon.")).to_be_visible()
    expect(page.get_by_test_id("reference")).to_be_visible()


def test_whoever_ordered_is_told_why_they_may_not_release_it_and_a_colleague_may(
    browser: Browser, factory: Factory, window: Surface
) -> None:
    id = factory.order("OWN-1", "supervisor")
    task = factory.task_of(id)
    window.sign_in("supervisor", factory.passwords["supervisor"])

    page = window.open(f"/instances/{id}")
    page.get_by_role("link", name="主管二次确认").click()

    expect(page.get_by_test_id("why-not")).to_have_text(re.compile("提交|本人|四眼"))
    expect(page.get_by_role("button", name="批准")).to_have_count(0)
    assert wrong_here(window, "four-eyes") == []
    with surface(browser, factory.host) as colleague:
        colleague.sign_in("supervisor2", factory.passwords["supervisor2"])
        page = colleague.open(f"/tasks/{task}")
        page.get_by_label("理由").fill("同意")
        page.get_by_role("button", name="批准").click()
        expect(page.get_by_test_id("toast")).to_contain_text("已提交")
    factory.eventually(lambda: factory.instance(id)["outcome"] == "booked")


def test_an_operator_retries_what_an_outage_stopped(factory: Factory, window: Surface) -> None:
    factory.plant.switch(erp={"outage": "503"})
    started = factory.as_user(
        "operator", "POST", "/api/instances", {"workflow": "booking_by_hand", "data": {"number": "HAND-1"}}
    )
    factory.eventually(lambda: factory.instance(started["id"])["incidents"])
    window.sign_in("operator", factory.passwords["operator"])

    page = window.open(f"/instances/{started['id']}")
    expect(page.get_by_test_id("incident")).to_contain_text("登记到 ERP")
    assert wrong_here(window, "incident") == []
    page.get_by_role("button", name="改数据后重试").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert wrong_here(window, "retry") == []
    page.get_by_role("dialog").get_by_role("button", name="返回").click()
    factory.plant.switch(erp={"outage": "none"})
    page.get_by_role("button", name="重试", exact=True).click()

    expect(page.get_by_test_id("toast")).to_contain_text("已安排重试")
    expect(page.get_by_test_id("incident")).to_have_count(0)
    expect(page.get_by_text("已登记", exact=True)).to_be_visible()
    assert "HAND-1" in [o["number"] for o in factory.plant.orders()]


def test_the_chosen_language_stays_and_a_wrong_password_is_told_by_the_server(
    factory: Factory, window: Surface
) -> None:
    window.refusals = {401}
    page = window.open("/instances")
    page.get_by_label("用户名").fill("supervisor")
    page.get_by_label("密码").fill("not the password")
    page.get_by_role("button", name="登录").click()
    problem = page.get_by_test_id("problem")
    expect(problem).to_contain_text("密码")
    expect(problem).to_have_attribute("data-code", re.compile(r"^(account|auth)\."))

    page.get_by_role("button", name="English").click()
    page.get_by_label("Password").fill(factory.passwords["supervisor"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Instances")).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="Instances")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_can_be_read_by_everyone(
    browser: Browser, factory: Factory, language: str, size: tuple[int, int]
) -> None:
    id = factory.order(f"SEEN-{language}-{size[0]}")
    task = factory.task_of(id)
    wrong: dict[str, list[str]] = {}
    with surface(browser, factory.host, language, size) as window:
        for path in ("/sign-in", "/forms/order_intake/web"):
            wrong[path] = wrong_with(window, path)
        window.sign_in("supervisor", factory.passwords["supervisor"])
        for path in ("/", f"/tasks/{task}", "/instances", f"/instances/{id}", "/start", "/alerts"):
            wrong[path] = wrong_with(window, path)
        record = f"/records/order/WEB-C-01-SEEN-{language}-{size[0]}"
        wrong[record] = wrong_with(window, record)

    assert {path: found for path, found in wrong.items() if found} == {}


def wrong_with(window: Surface, path: str) -> list[str]:
    """What keeps someone from reading the page at ``path``."""
    page = window.open(path)
    expect(page.locator("main h1")).to_be_visible()
    # What is still on its way would be judged half drawn.
    expect(page.locator("[aria-busy=true], .loading")).to_have_count(0)
    if path.startswith(("/forms", "/tasks")):
        expect(page.locator("form .button").first).to_be_visible()
    return wrong_here(window, path.strip("/").replace("/", "-")[:24] or "work")


def wrong_here(window: Surface, name: str) -> list[str]:
    """The same for the page as it stands; also takes its picture where pictures are wanted."""
    page = window.page
    if SCREENSHOTS:
        width = (page.viewport_size or {"width": 0})["width"]
        language = page.locator("html").get_attribute("lang")
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{language}-{width}.png", full_page=True)
    wide = ["it is wider than the window"] if window.is_wider_than_the_window() else []
    return wide + window.violations()
