"""What an amount is rounded to: declared, or the smallest unit of its currency (ISO 4217)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from taktflow.definitions.decision import DecisionOutput
from taktflow.rules.typed import rounded
from taktflow.values import Value

CENTS: Final = 2

_OTHER_THAN_CENTS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_IN_CENTS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""

MINOR_UNITS: Mapping[str, int] = {
    **dict.fromkeys(_IN_CENTS.split(), CENTS),
    **{code: digits for digits, codes in _OTHER_THAN_CENTS.items() for code in codes.split()},
}
"""Decimals of every currency in circulation (ISO 4217 list one; funds and metals have none to round to)."""


def is_code(currency: str) -> bool:
    """Whether an output's ``currency`` is a code, and not the id of the column that names it."""
    return currency[:1].isupper()


def scale_of(output: DecisionOutput, outputs: Sequence[DecisionOutput], values: Sequence[Value]) -> int | None:
    """The decimals that ``output`` answers with beside ``values``; None when nothing says."""
    if output.scale is not None or output.currency is None:
        return output.scale
    code: Value = output.currency
    if not is_code(code):
        code = next((v for o, v in zip(outputs, values, strict=True) if o.id == output.currency), None)
    return MINOR_UNITS.get(code) if isinstance(code, str) else None


def rounding_of(output: DecisionOutput) -> str:
    """How ``output`` is rounded: money half up, as on an invoice, unless declared otherwise."""
    if output.currency is not None and "rounding" not in output.model_fields_set:
        return "half_up"
    return output.rounding


def finished(outputs: Sequence[DecisionOutput], values: Sequence[Value]) -> list[Value]:
    """``values`` of one row with the decimals that their columns and currencies have."""
    return [
        rounded(value, scale_of(output, outputs, values), rounding_of(output))
        for output, value in zip(outputs, values, strict=True)
    ]
