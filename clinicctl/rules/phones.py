"""Convert phones to E.164, and find the last digits that distinguish them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from clinicctl.errors import BadValue
from clinicctl.rules.text import phone as cleaned

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

LEAST = 3
"""The number of last digits that are always shown."""

HIDDEN = 4
"""The number of first digits of E.164 that are never shown: the country code, and at least one more."""

# `phonenumbers` is imported where it is used: 1.02 times the CPU of `queue show` otherwise.


def e164(phone: str, *, region: str, unverified: bool = False) -> str:
    """Return a phone in E.164: `+`, country code and number, at most 15 digits.

    Accepts spaces, hyphens, brackets, a trunk zero, 00 for +, and the digits of every script. Refuses letters,
    extensions, impossible lengths, and numbers outside all numbering plans, with an example and without the phone. With
    `unverified`, a possible length is enough, because the metadata can be out of date.
    """
    import phonenumbers

    text = cleaned(phone)
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        if len(text) > 40 or any(each.isalpha() for each in text):
            raise _refused(region)
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        raise _refused(region) from None
    if (
        number.extension
        or phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        raise _refused(region)
    if not unverified and not phonenumbers.is_valid_number(number):
        raise _unknown(number, region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(4_096)
def is_unverified(phone: str) -> bool:
    """Return whether a stored phone is in no known numbering plan."""
    import phonenumbers

    try:
        return not phonenumbers.is_valid_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return True


def known_region(region: str) -> bool:
    """Return whether libphonenumber has rules for the region."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


def endings(phones: Iterable[str]) -> dict[str, str]:
    """Return the shortest unique ending of each E.164 phone, at least 3 digits.

    Two phones that differ only in their hidden digits get the same ending.
    """
    backwards = sorted({phone[::-1] for phone in phones})
    shared = [0, *map(_shared, backwards, backwards[1:]), 0]
    return {
        each[::-1]: each[: max(LEAST, min(max(before, after) + 1, len(each) - 1 - HIDDEN))][::-1]
        for each, before, after in zip(backwards, shared, shared[1:], strict=False)
    }


def _refused(region: str) -> BadValue:
    example = _example(region)
    if example is None:
        return BadValue(
            problem="Not a phone number. Include the country code, as in +91 98765 43210.",
            hint="For numbers without +, set the region: `clinicctl config region IN`.",
        )
    return BadValue(
        problem=f"Not a phone number. Example for {region}: {example}.",
        hint="If the patient has no phone, enter none.",
    )


def _unknown(number: "PhoneNumber", region: str) -> BadValue:
    """Return the refusal of a number outside all numbering plans.

    It has an example from the number's country.
    """
    import phonenumbers

    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    example = _example(country) or _example(region)
    like = f" Example for {country if _example(country) else region}: {example}." if example else ""
    return BadValue(
        problem=f"Not a valid phone number.{like} Use --unverified-phone to store it anyway.",
        hint="The length is possible, but no such number is in use. Check for a wrong digit.",
    )


def _example(region: str) -> str | None:
    import phonenumbers

    example = phonenumbers.example_number(region) if region else None
    if example is None:
        return None
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return f"{national} or {abroad}"


def _shared(one: str, other: str) -> int:
    """Return the length of the common prefix of two texts."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
