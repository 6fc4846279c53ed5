"""The settings of one process, read by the doors and handed down; nothing else reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from taktflow.values import Language


class Settings(BaseSettings):
    """Each setting is the environment variable ``TAKTFLOW_<NAME>``; a ``.env`` file is read when present."""

    model_config = SettingsConfigDict(env_prefix="TAKTFLOW_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field("sqlite:///var/taktflow.db", description="SQLite file or postgresql:// address.")
    var: Path = Field(Path("var"), description="Where this process keeps files of its own.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    executor: Literal["embedded", "celery"] = Field(
        "embedded", description="Who performs effects: embedded, threads of the server; celery, `taktflow worker`."
    )
    executor_threads: int = Field(8, ge=1, le=256, description="How many effects this process performs at once.")
    broker_url: SecretStr | None = Field(None, description="For celery: amqp:// (RabbitMQ) or redis:// address.")
    broker_queue: str = Field("taktflow", min_length=1, description="For celery: the queue, one an installation.")
    worker_processes: int = Field(2, ge=1, le=128, description="For celery: processes of a worker.")
    ticket_limit_s: int = Field(
        300, ge=10, description="For celery: seconds after which a worker process that hangs is killed."
    )
    retention_days: int | None = Field(
        None, ge=1, description="Days after their end when instances move to the archive; unset keeps them here."
    )
    archive: Path | None = Field(None, description="The archive's folder; `archive` in var when unset.")
    otlp_endpoint: str | None = Field(
        None, description="Where OpenTelemetry spans go, such as http://127.0.0.1:4318/v1/traces; unset: nowhere."
    )
    language: Language = Field("zh", description="The language when a reader names none.")
    timezone: str = Field("Asia/Shanghai", description="The plant's time zone, used at the rim.")
    session_hours: int = Field(12, ge=1, le=24 * 30, description="How long a sign-in lasts, in hours.")
    body_limit_bytes: int = Field(2_000_000, ge=1_000, description="The largest request body taken, in bytes.")
    queue_limit: int = Field(2_000, ge=1, description="Commits that may wait for the writer before callers get 503.")
    public_rate_per_minute: int = Field(30, ge=1, description="Public form posts taken from one address in a minute.")
    secret_prefix: str = Field("TAKTFLOW_SECRET_", description="Environment prefix that answers secret:name.")
    secrets_file: Path | None = Field(None, description="A JSON file of secrets by name, readable by this user alone.")
    cookie_secure: bool = Field(False, description="Send the session cookie over HTTPS only.")
    master_key: SecretStr | None = Field(None, description="Signs short-lived links; made and kept in var when unset.")
