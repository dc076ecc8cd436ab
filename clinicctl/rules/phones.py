"""Phones: any form in, E.164 out, by libphonenumber's metadata."""

from functools import lru_cache
from typing import TYPE_CHECKING

from clinicctl.errors import BadValue
from clinicctl.rules.text import phone as cleaned

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# The metadata of every country take longer to load than a booking: each function loads them when it needs them.


def e164(said: str, *, region: str, unverified: bool = False) -> str:
    """Return the phone as E.164 (ITU-T E.164: `+`, country code, number; 15 digits at most).

    Takes spaces, hyphens, brackets, a trunk zero, 00 for the +, and the digits of every script. Refuses, with an
    example of a good one and without repeating the phone, letters, extensions, numbers of an impossible length, and
    those that no plan of numbers has given out. With `unverified`, a possible length is enough: metadata lag behind.
    """
    import phonenumbers

    text = cleaned(said)
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
    """Return whether a stored phone has only a possible length and is in no known numbering plan."""
    import phonenumbers

    try:
        return not phonenumbers.is_valid_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return True


def known_region(region: str) -> bool:
    """Whether libphonenumber has rules for the region."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


def _refused(region: str) -> BadValue:
    example = _example(region)
    if example is None:
        return BadValue(
            problem="Not a phone number: give it with its country code, like +91 98765 43210.",
            hint="For numbers without +, set the region: `clinicctl config region IN`.",
        )
    return BadValue(
        problem=f"Not a phone number: one of {region} is {example}.",
        hint="If there is no phone, enter none.",
    )


def _unknown(number: "PhoneNumber", region: str) -> BadValue:
    """Return the refusal of a number with only a possible length, with an example from its country."""
    import phonenumbers

    of = phonenumbers.region_code_for_country_code(number.country_code or 0)
    example = _example(of) or _example(region)
    like = f": one of {of if _example(of) else region} is {example}" if example else ""
    return BadValue(
        problem=f"Not a valid phone number{like}; --unverified-phone takes it as it is.",
        hint="The length is possible, but no such number is in use: look for a wrong digit.",
    )


def _example(region: str) -> str | None:
    import phonenumbers

    example = phonenumbers.example_number(region) if region else None
    if example is None:
        return None
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return f"{national} or {abroad}"
