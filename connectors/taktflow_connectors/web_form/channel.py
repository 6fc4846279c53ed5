"""Takes what visitors send through the server's own public form page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from taktflow.sdk import BodyUnreadable, Channel, ChannelEvent, ConnectorConfig, RawRequest, Text, Titled, plain_loads

_SUBMISSION = re.compile(r"[A-Za-z0-9_-]{8,100}")
_FORM = re.compile(r"[a-z][a-z0-9_]{0,63}")


class WebFormConfig(ConnectorConfig):
    """Says aloud that anybody may send: a public form carries no signature."""

    public: Annotated[Literal[True], Titled("公开", "Public")] = Field(
        True, description="Anybody may send; the door limits how often."
    )
    max_bytes: Annotated[int, Titled("上限（字节）", "Longest submission (bytes)")] = Field(
        200_000, ge=1_000, le=5_000_000, description="The longest submission."
    )


class WebFormChannel(Channel[WebFormConfig]):
    """One event a submission; its topic is the form's id.

    The body is ``{"submission_id": "...", "form": "order_request", "data": {...}}``. The page makes the submission id
    once, when it opens, so that a second press of the button is the same event.
    """

    kind = "web_form"
    title = Text(zh="网页表单", en="Web form")
    Config = WebFormConfig

    def verify(self, request: RawRequest) -> None:
        """Accepts everybody: this channel is public by its definition."""

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """The submission."""
        if len(request.body) > self.config.max_bytes:
            raise BodyUnreadable(f"the submission is longer than {self.config.max_bytes} bytes")
        try:
            document = plain_loads(request.body)
        except ValueError as wrong:
            raise BodyUnreadable(f"the body is no JSON: {wrong}") from wrong
        if not isinstance(document, dict) or document.keys() - {"submission_id", "form", "data"}:
            raise BodyUnreadable("the body must hold submission_id, form and data")
        submission, form, data = (document.get(name) for name in ("submission_id", "form", "data"))
        if not isinstance(submission, str) or not _SUBMISSION.fullmatch(submission):
            raise BodyUnreadable("submission_id must be 8 to 100 letters, digits, - or _")
        if not isinstance(form, str) or not _FORM.fullmatch(form):
            raise BodyUnreadable("form must be the id of a form")
        if not isinstance(data, dict):
            raise BodyUnreadable("data must be an object of fields")
        return [ChannelEvent(id=submission, topic=form, payload=data)]
