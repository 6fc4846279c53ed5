"""Start Taktflow on a simulated plant, send the sample day and stay up; with --once end after the day."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime
from types import FrameType
from typing import NoReturn
from zoneinfo import ZoneInfo

import httpx

from taktflow.errors import TaktflowError
from taktflow.settings import Settings
from tools.demo.day import Phase, expected, sample_day
from tools.demo.house import Children, House, Trouble, client, house
from tools.demo.office import Office, prepare
from tools.demo.outside import Outside, padded
from tools.demo.report import Counted, counted, differences, table


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well; 1 when something must be settled first, or the day came out otherwise than it must."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="fresh folder and ports; end after the day, 1 if it differs"
    )
    parser.add_argument("--new-passwords", action="store_true", help="new passwords for the demo's people")
    asked = parser.parse_args(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    try:
        settings = Settings()
        home = house(settings, once=asked.once)
        code = _run(home, ZoneInfo(settings.timezone), new_passwords=asked.new_passwords)
        if home.once and code == 0:
            shutil.rmtree(home.var)
        return code
    except (Trouble, TaktflowError) as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1
    except httpx.HTTPError as broken:
        print(f"\n与服务器的连接中断 The connection to the server broke: {broken!r}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130 if asked.once else 0


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _run(home: House, zone: ZoneInfo, *, new_passwords: bool) -> int:
    children = Children(home)
    keys = home.secrets()
    tokens, people = prepare(home, new_passwords=new_passwords)
    try:
        print("启动工厂与服务器 Starting the plant and the server ...", flush=True)
        plant_base = children.start_plant(keys["plant_token"])
        children.start_server(plant_base)
        office = Office(home.base, tokens)
        with client(plant_base, keys["plant_token"]) as plant, client(home.base) as outside:
            wrong = _day(home, office, plant, outside, keys, zone)
        if home.once:
            return 1 if wrong else 0
        _sign_in(home, people)
        people = []
        while True:
            children.check()
            time.sleep(1)
    finally:
        # Passwords are told once: not to tell them because something else failed would lose them.
        if people and not home.once:
            _tell_passwords(people)
        children.stop()


def _day(
    home: House, office: Office, plant: httpx.Client, outside: httpx.Client, keys: dict[str, str], zone: ZoneInfo
) -> list[str]:
    """Puts the house in order and sends the day, unless it was sent before; what is not as it must be."""
    for name, new, cases in office.publish():
        print(f"  {name}: {new} 项发布 published, {cases} 个用例通过 cases passed", flush=True)
    added = office.load_master_data()
    print("  " + ", ".join(f"{entity} +{count}" for entity, count in added.items()), flush=True)
    forged = 0
    day = _day_to_send(home, office, datetime.now(zone).date())
    if day is None:
        print("示例日已发送过，不再重复发送。 The sample day was sent before and is not sent again.")
    else:
        forged = _send(office, plant, Outside(outside, office.person, keys, home.orders_in, day, zone))
        home.note_day(day, sent=True)
    found = counted(office, plant, forged)
    office.close()
    _tell(found)
    if not home.once:
        return []
    wrong = list(differences(found, expected(), sample_day().sent))
    if wrong:
        told = "\n  ".join(wrong)
        print(f"\n与清单不符 Not as the manifest says (kept in {home.var}):\n  {told}")
    print(found.line(), flush=True)
    return wrong


def _day_to_send(home: House, office: Office, today: date) -> date | None:
    """The day to send: today, the one that was begun and not finished, or None when there is nothing left to send."""
    begun, sent = home.day()
    if not office.any_order():
        begun, sent = today, False
    if begun is None or sent:
        return None
    home.note_day(begun, sent=False)
    return begun


def _send(office: Office, plant: httpx.Client, outside: Outside) -> int:
    for phase in sample_day().phases:
        print(f"\n{phase.title.zh} / {phase.title.en}", flush=True)
        _switch(plant, phase.wms)
        for typed in phase.typed_into_erp:
            outside.type_into_erp(plant, typed)
        outside.send(phase)
        office.settle()
        _switch(plant, "none")
        _people(office, phase)
    return outside.forged_refused


def _people(office: Office, phase: Phase) -> None:
    for request in phase.requests:
        office.fill_in(request)
    for act in phase.people:
        if not office.act(act):
            continue
        refused = f"  ✗ {act.refused}" if act.refused else ""
        print(
            f"    {padded(act.who, 13)} {padded(act.order or act.workflow or '', 26)} {act.does}{refused}", flush=True
        )
        office.settle()


def _switch(plant: httpx.Client, wms: str) -> None:
    plant.post("/plant/switches", json={"wms": {"outage": wms}}).raise_for_status()


def _tell(found: Counted) -> None:
    print("\n小结 Summary")
    for line in table(found):
        print(line)


def _sign_in(home: House, people: Sequence[tuple[str, str, str]]) -> None:
    print(f"\n登录 Sign in: {home.base}")
    if people:
        _tell_passwords(people)
    else:
        print("密码在首次运行时显示过；重新生成：make run PASSWORDS=new")
        print("The passwords were told at the first run; for new ones: make run PASSWORDS=new")
    print("按 Ctrl-C 结束。 Press Ctrl-C to end.", flush=True)


def _tell_passwords(people: Sequence[tuple[str, str, str]]) -> None:
    for name, roles, password in people:
        print(f"  {name:22} {password:26} {roles}")
    print("密码只显示这一次。 The passwords are told this once.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
