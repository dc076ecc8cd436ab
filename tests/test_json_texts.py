"""The one text of a value: what the journal hashes is what any reader of JSON would write, byte for byte."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.desk import journal
from clinicctl.statuses import AppointmentStatus

LARGEST = 2**63 - 1

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-LARGEST - 1, LARGEST), texts),
    lambda inside: st.one_of(st.lists(inside), st.dictionaries(texts, inside)),
    max_leaves=30,
)


def text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(values)
def test_the_text_of_a_value_is_that_of_the_standard_library(value: Any) -> None:
    assert journal._json(value) == text(value)


@pytest.mark.parametrize(
    "characters", [range(0x100), range(0x2000, 0x2070), range(0xFE00, 0x10000), [0x1F600, 0x10FFFF]]
)
def test_no_character_is_written_otherwise(characters: Any) -> None:
    for each in map(chr, characters):
        assert journal._json({each: each}) == text({each: each}), hex(ord(each))


zones = st.one_of(st.just(UTC), st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))))
# The clinic's times are of the minute: of a bare time's microseconds orjson 3 loses a leading zero.
minutes = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@given(st.one_of(st.datetimes(timezones=zones), st.dates(), minutes))
def test_an_instant_a_date_and_a_time_are_written_as_iso_8601(value: datetime | date | time) -> None:
    assert journal._json([value]) == text([value.isoformat()])


@given(st.uuids(), st.sampled_from(AppointmentStatus))
def test_an_id_and_a_status_are_written_as_their_text(id_: UUID, status: AppointmentStatus) -> None:
    assert journal._json([id_, status]) == text([str(id_), str(status)])
