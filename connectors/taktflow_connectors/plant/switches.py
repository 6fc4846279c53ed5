"""The switches by which a test gives the factory a bad day."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Trouble: TypeAlias = Literal["503", "429", "hang"]


class SystemSwitch(BaseModel):
    """One system's trouble: an outage until it is lifted, or for the next few requests.

    ``when: after`` lets a write into the books and then loses the answer.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    outage: Literal["none", "503", "429", "hang"] = "none"
    fail_next: int = Field(0, ge=0, le=100_000)
    fail_with: Trouble = "503"
    when: Literal["before", "after"] = "before"

    def trouble(self) -> Trouble | None:
        """What befalls the request that just came; counts ``fail_next`` down."""
        if self.fail_next:
            self.fail_next -= 1
            return self.fail_with
        return None if self.outage == "none" else self.outage


class Notify(BaseModel):
    """Whom the factory tells of booked orders, signed by the Standard Webhooks scheme; nobody without a URL."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, pattern=r"^http://(127\.0\.0\.1|localhost)(:\d+)?/")
    secret: str = Field("", description="The signing key, plain text.")


class Switches(BaseModel):
    """All switches; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: int = Field(0, ge=0, le=60_000)
    hang_s: float = Field(60, gt=0, le=600)
    duplicate_delivery: bool = False
    erp: SystemSwitch = Field(default_factory=SystemSwitch)
    wms: SystemSwitch = Field(default_factory=SystemSwitch)
    notify: Notify = Field(default_factory=Notify)

    def changed(self, given: dict[str, object]) -> Switches:
        """These switches with ``given`` laid over them; pydantic's ValidationError when that is no setting."""
        now = self.model_dump()
        for name, part in given.items():
            kept = now.get(name)
            now[name] = {**kept, **part} if isinstance(kept, dict) and isinstance(part, dict) else part
        return Switches.model_validate(now)
