"""The arrangement in compose.yaml and its guide say what the code knows."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from taktflow.settings import Settings
from tests.contract.house.tree import text

COMPOSE: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
GUIDE = text("docs/guides/deployment.md")
SETTINGS = {f"TAKTFLOW_{name.upper()}" for name in Settings.model_fields}
OTHERS = {
    "postgres": {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"},
    "rabbitmq": {"RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"},
    "proxy": {"SITE"},
}
"""Variables of programs that are not ours."""
FOR_COMPOSE = {"TAKTFLOW_SITE", "TAKTFLOW_IMAGE", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD"}
"""Variables that only compose.yaml itself reads."""
OURS = ("migrate", "server1", "server2", "worker1", "worker2")


def test_two_servers_two_workers_and_what_they_stand_on_are_there() -> None:
    assert set(COMPOSE["services"]) == {*OURS, *OTHERS}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_our_processes_is_a_setting_that_reads_its_value(name: str) -> None:
    given = COMPOSE["services"][name]["environment"]

    unknown = set(given) - SETTINGS - {"FORWARDED_ALLOW_IPS"}
    values: dict[str, Any] = {n.removeprefix("TAKTFLOW_").lower(): filled(v) for n, v in given.items() if n in SETTINGS}
    settings = Settings(_env_file=None, **values)

    assert not unknown
    assert settings.executor == "celery"
    assert settings.database_url.startswith("postgresql://")
    assert settings.broker_url is not None
    assert settings.broker_url.get_secret_value().startswith("amqp://")


def test_every_variable_of_others_is_one_that_they_know() -> None:
    for name, known in OTHERS.items():
        assert set(COMPOSE["services"][name].get("environment", {})) <= known


def test_whoever_serves_or_works_has_the_same_settings_but_for_its_own_part() -> None:
    servers, workers = (
        [COMPOSE["services"][f"{part}{n}"]["environment"] for n in (1, 2)] for part in ("server", "worker")
    )
    shared = servers[0].keys() & workers[0].keys()

    assert servers[0] == servers[1]
    assert workers[0] == workers[1]
    assert {n: servers[0][n] for n in shared} == {n: workers[0][n] for n in shared} == COMPOSE["x-environment"]


def test_every_service_that_is_named_exists() -> None:
    services = COMPOSE["services"]

    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in COMPOSE["volumes"], volume
    caddy = COMPOSE["configs"]["caddyfile"]["content"]
    assert set(re.findall(r"(\w+):8000", caddy)) == {n for n in services if n.startswith("server")}


def test_the_variables_that_must_be_given_are_in_the_guide() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", text("compose.yaml")))

    assert wanted
    for name in wanted:
        assert f"{name}=" in GUIDE


def test_the_guide_names_only_settings_that_exist() -> None:
    named = set(re.findall(r"TAKTFLOW_[A-Z_]+", GUIDE)) - {"TAKTFLOW_SECRET_"}

    assert named <= SETTINGS | FOR_COMPOSE


def filled(value: str) -> str:
    """``value`` with its variables at their defaults, or some value where they have none."""
    return re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda m: m[1] or "given", value)
