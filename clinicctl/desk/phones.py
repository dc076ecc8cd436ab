"""Phones: any form in, E.164 out, by libphonenumber's metadata."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from clinicctl.errors import BadValue
from clinicctl.rules.text import phone as cleaned


def e164(said: str, *, region: str) -> str:
    """Return the phone as E.164 (ITU-T E.164: `+`, country code, number; 15 digits at most).

    Takes spaces, hyphens, brackets, a trunk zero, 00 for the +, and the digits of every script. Refuses, with an
    example of a good one and without repeating the phone, letters, extensions and numbers of an impossible length.
    """
    try:
        text = cleaned(said)
    except BadValue:
        raise _refused(region) from None
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        if len(text) > 40 or any(each.isalpha() for each in text):
            raise _refused(region)
        number = phonenumbers.parse(text, region or None)
    except NumberParseException:
        raise _refused(region) from None
    if number.extension or phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise _refused(region)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def known_region(region: str) -> bool:
    """Whether libphonenumber has rules for the region."""
    return region in phonenumbers.SUPPORTED_REGIONS


def _refused(region: str) -> BadValue:
    example = phonenumbers.example_number(region) if region else None
    if example is None:
        return BadValue(
            problem="Not a phone number: give it with its country code, like +91 98765 43210.",
            hint="For numbers without +, set the region: `clinicctl config region IN`.",
        )
    national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    abroad = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
    return BadValue(problem=f"Not a phone number: one of {region} is {national} or {abroad}.")
