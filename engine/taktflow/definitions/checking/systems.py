"""Connections, calendars and packs: what ties definitions to the world outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from taktflow.definitions.checking.settings import marked, misfit_settings
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.hours import parse_day, parse_hours, parse_zone
from taktflow.definitions.kinds import Calendar, Connection, Pack
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.values import Json, Pointer


def check_connection(notes: Notes, connection: Connection) -> None:
    """Findings about a connection: exactly one connector or channel, and settings that it takes."""
    if (connection.connector is None) == (connection.channel is None):
        notes.add("connection.one", "")
        return
    if connection.channel is not None:
        channel = notes.world.vocabulary.find_channel(connection.channel)
        if channel is None:
            notes.add("connection.channel_unknown", "/channel", channel=connection.channel)
        else:
            _settings(notes, channel.config_schema, connection.config, "/config")
        for side in ("streams", "actions"):
            if getattr(connection, side):
                notes.add("connection.channel_only", f"/{side}", key=side)
        return
    connector = notes.world.vocabulary.find_connector(connection.connector or "")
    if connector is None:
        notes.add("connection.connector_unknown", "/connector", connector=connection.connector)
        return
    _settings(notes, connector.config_schema, connection.config, "/config")
    for name, stream in connection.streams.items():
        _settings(notes, connector.stream_schema, stream, "/streams" + pointed(name))
    for name, action in connection.actions.items():
        _settings(notes, connector.action_schema, action, "/actions" + pointed(name))


def _from_outside(value: Any, _: Pointer) -> bool:
    return isinstance(value, str) and value.startswith(("secret:", "env:"))


def _settings(notes: Notes, schema: Json, settings: Json, at: Pointer) -> None:
    misfit_settings(notes, schema, settings, at, _from_outside)
    for setting in marked(schema, settings, at):
        if not isinstance(setting.value, str):
            continue
        if setting.marks.get("format") == "secret":
            if not setting.value.startswith("secret:") or setting.value == "secret:":
                notes.add("connection.secret_literal", setting.at)
        elif setting.value.startswith("secret:"):
            # Only what its model marks as a secret is kept out of logs, screens and error messages.
            notes.add("connection.secret_misplaced", setting.at, "warning")


def check_calendar(notes: Notes, calendar: Calendar) -> None:
    """Findings about a calendar's hours, days and zone."""
    for day, hours in calendar.week.items():
        _hours(notes, hours, f"/week/{day}")
    for i, holiday in enumerate(calendar.holidays):
        _day(notes, holiday, f"/holidays/{i}")
    for special, hours in calendar.special.items():
        _day(notes, special, "/special" + pointed(special))
        _hours(notes, hours, "/special" + pointed(special))
    zone(notes, calendar.timezone, "/timezone")
    if not any(calendar.week.values()):
        notes.add("calendar.never_works", "/week", calendar=calendar.id)


def _hours(notes: Notes, hours: tuple[str, ...], at: Pointer) -> None:
    shifts: list[tuple[int, int]] = []
    for i, text in enumerate(hours):
        span = _read(parse_hours, text)
        if span is None:
            notes.add("calendar.hours", f"{at}/{i}", given=text)
            continue
        if any(begin < span[1] and span[0] < end for begin, end in shifts):
            notes.add("calendar.overlap", f"{at}/{i}", "warning", given=text)
        shifts.append(span)


def _day(notes: Notes, text: str, at: Pointer) -> None:
    if _read(parse_day, text) is None:
        notes.add("calendar.day", at, given=text)


def zone(notes: Notes, name: str | None, at: Pointer) -> None:
    """A finding when ``name`` is no time zone."""
    if name is not None and _read(parse_zone, name) is None:
        notes.add("calendar.zone", at, given=name)


def _read(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return None


def check_pack(notes: Notes, pack: Pack) -> None:
    """A finding for everything the pack needs and that is not installed."""
    vocabulary = notes.world.vocabulary
    for i, need in enumerate(pack.needs):
        if vocabulary.find_node(need) or vocabulary.find_connector(need) or vocabulary.find_channel(need):
            continue
        near = nearest(need, vocabulary.node_kinds())
        args: Mapping[str, str] = {"near": near} if near else {}
        notes.add("pack.need_near" if near else "pack.need_missing", f"/needs/{i}", need=need, **args)
