"""What all definitions share: the envelope, texts, ids and fields of data."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, Strict, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from taktflow.values import Text

Slug: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="A stable id.")]
Ref: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}(@[1-9][0-9]{0,8})?$", description="An id, or id@version to pin it.")
]
Feel: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=4000, description="A FEEL expression.", json_schema_extra={"x-feel": True})
]
Principal: TypeAlias = Annotated[
    str, Field(pattern=r"^(role|user):[A-Za-z][A-Za-z0-9_.@-]{0,62}$", description="role:name or user:name.")
]


def _whole(value: Any) -> Any:
    # A stored definition is read back with every number a Decimal.
    return int(value) if isinstance(value, Decimal) and value.as_tuple().exponent == 0 else value


Whole: TypeAlias = Annotated[int, Strict(), BeforeValidator(_whole)]
"""A whole number; text and 3.0 are refused, as the published schema refuses them."""


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("decimal_type", "not a number")
    return value


class _JsonNumber:
    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(core)
        kept = {k: v for k, v in found.items() if k != "anyOf"}
        numbers = [part for part in found.get("anyOf", ()) if part.get("type") == "number"]
        return {**(numbers[0] if numbers else {"type": "number"}), **kept}


Number: TypeAlias = Annotated[Decimal, BeforeValidator(_number), _JsonNumber()]
"""An exact number; text is refused, as the published schema refuses it."""

Flag: TypeAlias = Annotated[bool, Strict()]
"""True or false; ``yes`` and 1 are refused."""


class Also:
    """Adds to a published schema what a validator before it accepts besides: ``shorthand`` beside the full form."""

    def __init__(self, shorthand: JsonSchemaValue) -> None:
        self.shorthand = shorthand

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [self.shorthand, handler(core)]}


class AlsoItems(Also):
    """The same for every item of a list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(core)
        return {**found, "items": {"anyOf": [self.shorthand, found["items"]]}}


class Model(BaseModel):
    """Base of every part of a definition: unknown keys are findings, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class Words(Model):
    """The same words in Chinese and English."""

    zh: str = Field(min_length=1, max_length=400)
    en: str = Field(min_length=1, max_length=400)

    def text(self) -> Text:
        """As the value that crosses walls."""
        return Text(zh=self.zh, en=self.en)


class Computed(Model):
    """A value computed at run time, written ``{$: "FEEL"}``."""

    feel: Feel = Field(alias="$")


def _kept(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"$"}:
        try:
            return Computed.model_validate(value)
        except ValidationError as wrong:
            raise PydanticCustomError("computed_invalid", "not an expression") from wrong
    return value


class _LiteralOrComputed:
    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        handler(core)
        only_dollar = {"type": "object", "required": ["$"], "maxProperties": 1}
        expression = {"type": "string", "minLength": 1, "maxLength": 4000, "x-feel": True}
        return {"if": only_dollar, "then": {"properties": {"$": expression}}}


Open: TypeAlias = Annotated[Any, BeforeValidator(_kept), _LiteralOrComputed()]
"""Any literal, or ``{$: FEEL}``; nested ones are left as they stand and computed when used."""

FieldType: TypeAlias = Literal[
    "text",
    "number",
    "integer",
    "boolean",
    "date",
    "datetime",
    "time",
    "duration",
    "choice",
    "list",
    "object",
    "reference",
    "any",
]


class Choice(Model):
    """One allowed value of a choice field."""

    value: str
    title: Words | None = None


def _choices(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [{"value": v} if isinstance(v, str) else v for v in value]
    return value


class DataField(Model):
    """One declared piece of data: a record's field, a workflow variable, a form's input."""

    type: FieldType
    title: Words | None = None
    note: str | Words | None = None
    required: Flag = False
    default: Any = None
    values: Annotated[tuple[Choice, ...], BeforeValidator(_choices), AlsoItems({"type": "string"})] = ()
    scale: Whole | None = Field(None, ge=0, le=12, description="Decimals a number keeps; more are refused.")
    unit: str | None = None
    min: Number | None = None
    max: Number | None = None
    max_length: Whole | None = Field(None, ge=1, le=100_000)
    pattern: str | None = Field(None, max_length=200)
    item: DataField | None = Field(None, description="What a list holds.")
    fields: dict[Slug, DataField] = Field(default_factory=dict, description="What an object holds.")
    entity: Slug | None = Field(None, description="The entity whose record a reference names, or an object looks like.")
    personal: Flag = Field(False, description="Personal data: left out of exports and logs unless asked for.")


class Envelope(Model):
    """What every definition starts with."""

    kind: str
    id: Slug
    title: Words
    note: str | Words | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    layout: dict[str, Any] = Field(default_factory=dict, description="Where things are drawn; has no meaning.")
