"""Takes the webhooks of the WhatsApp Business Cloud API: orders, messages and delivery reports."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from taktflow.sdk import (
    BodyUnreadable,
    Channel,
    ChannelEvent,
    ConnectorConfig,
    Json,
    RawRequest,
    RawResponse,
    Secret,
    SignatureWrong,
    Text,
    Titled,
    plain_dumps,
    plain_loads,
)

_ID_MAX = 200
_CHALLENGE = re.compile(r"[A-Za-z0-9._-]{1,200}")


class WhatsAppConfig(ConnectorConfig):
    """The app secret that signs, and the token that Meta shows when the webhook is set up."""

    secret: Annotated[str, Secret(), Titled("应用密钥", "App secret")] = Field(
        min_length=1, description="The Meta app's secret."
    )
    previous_secret: Annotated[str | None, Secret(), Titled("旧密钥", "Previous secret")] = Field(
        None, min_length=1, description="The secret before, still good while it is being changed."
    )
    verify_token: Annotated[str, Secret(), Titled("验证令牌", "Verify token")] = Field(
        min_length=1, description="The verify token set at Meta."
    )


class WhatsAppChannel(Channel[WhatsAppConfig]):
    """One event a message, although Meta sends them in batches.

    Topics: ``order`` (a catalogue order), ``text``, ``status`` (a delivery report), ``other`` (pictures and the like)
    and ``unreadable`` (an entry without an id: kept, so that nothing is lost beside it). Meta signs no time: a replay
    is caught by the message's id.
    """

    kind = "whatsapp"
    title = Text(zh="WhatsApp 消息", en="WhatsApp messages")
    Config = WhatsAppConfig

    def challenge(self, request: RawRequest) -> RawResponse | None:
        """Meta's question when the webhook is set up: the answer is its challenge, if it shows our token."""
        if request.method != "GET":
            return None
        if request.query.get("hub.mode") != "subscribe":
            raise SignatureWrong("a GET that is no subscription")
        if not hmac.compare_digest(
            self.config.verify_token.encode(), request.query.get("hub.verify_token", "").encode()
        ):
            raise SignatureWrong("hub.verify_token is not ours")
        challenge = request.query.get("hub.challenge", "")
        if not _CHALLENGE.fullmatch(challenge):
            raise SignatureWrong("hub.challenge is missing or holds more than letters and digits")
        return RawResponse(200, challenge.encode())

    def verify(self, request: RawRequest) -> None:
        """Compares ``X-Hub-Signature-256`` with the HMAC-SHA256 of the raw body, in hex."""
        given = request.headers.get("x-hub-signature-256", "").encode()
        secrets = [s for s in (self.config.secret, self.config.previous_secret) if s]
        digests = [b"sha256=" + hmac.new(s.encode(), request.body, "sha256").hexdigest().encode() for s in secrets]
        if not any(hmac.compare_digest(d, given) for d in digests):
            raise SignatureWrong("x-hub-signature-256 does not fit the body" if given else "no x-hub-signature-256")

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """Every message and report in the batch, in order."""
        try:
            document = plain_loads(request.body)
        except ValueError as wrong:
            raise BodyUnreadable(f"the body is no JSON: {wrong}") from wrong
        if not isinstance(document, dict) or not isinstance(document.get("entry"), list):
            raise BodyUnreadable("the body has no list named entry")
        return [event for value in _values(document) for event in _events_of(value)]


def _values(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in _objects(document["entry"]):
        for change in _objects(entry.get("changes")):
            if change.get("field", "messages") == "messages" and isinstance(change.get("value"), dict):
                yield change["value"]


def _events_of(value: Mapping[str, Any]) -> Iterator[ChannelEvent]:
    receiver = _object(value.get("metadata")).get("phone_number_id")
    names = {c.get("wa_id"): _object(c.get("profile")).get("name") for c in _objects(value.get("contacts"))}
    for message in _items(value.get("messages")):
        if not isinstance(message, dict) or not _text(message.get("id")):
            yield _unreadable(message)
            continue
        yield _message(message, receiver, names)
    for status in _items(value.get("statuses")):
        if not isinstance(status, dict) or not _text(status.get("id")) or not _text(status.get("status")):
            yield _unreadable(status)
            continue
        # One message is sent, delivered and read: three reports that share its id.
        yield ChannelEvent(
            id=_bounded(f"{status['id']}:{status['status']}"),
            topic="status",
            payload={
                "message_id": status["id"],
                "status": status["status"],
                "to": status.get("recipient_id"),
                "sent_at": _moment(status.get("timestamp")),
                "errors": status.get("errors") or [],
            },
        )


def _message(message: Mapping[str, Any], receiver: Json, names: Mapping[Any, Json]) -> ChannelEvent:
    kind = message.get("type")
    order = _object(message.get("order")) if kind == "order" else None
    text = _object(message.get("text")).get("body") if kind == "text" else (order or {}).get("text")
    return ChannelEvent(
        id=_bounded(message["id"]),
        topic=kind if kind in ("order", "text") else "other",
        payload={
            "id": message["id"],
            "type": kind,
            "from": message.get("from"),
            "name": names.get(message.get("from")),
            "to": receiver,
            "sent_at": _moment(message.get("timestamp")),
            "text": text if isinstance(text, str) else "",
            "order": order,
            "message": message,
        },
    )


def _unreadable(piece: Json) -> ChannelEvent:
    digest = sha256(plain_dumps(piece).encode()).hexdigest()
    return ChannelEvent(id=f"unreadable-{digest}", topic="unreadable", payload={"message": piece})


def _bounded(id: str) -> str:
    # Meta's ids are short; one that is not must not stop the messages beside it.
    return id if len(id) <= _ID_MAX else f"sha256-{sha256(id.encode()).hexdigest()}"


def _moment(value: Json) -> str | None:
    """Meta's seconds since 1970, written as text, as ISO 8601."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,11}", value):
        return None
    return datetime.fromtimestamp(int(value), UTC).isoformat().replace("+00:00", "Z")


def _text(value: Json) -> bool:
    return isinstance(value, str) and bool(value)


def _items(value: Json) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Json) -> list[dict[str, Any]]:
    return [item for item in _items(value) if isinstance(item, dict)]


def _object(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
