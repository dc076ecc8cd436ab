"""Find the slots of appointments after a day has got other hours.

An appointment keeps its time. Its number follows from the time, so that times rise with numbers.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from clinicctl.rules import hours, slots
from clinicctl.rules.hours import DaySlots


class Held(NamedTuple):
    """An appointment on a day: its number, its slots, and its start in minutes after midnight if it has a time.

    An overbooked one claims no slot of the day. `inside` is true for one in a slot of hours that the day had before.
    """

    number: int
    slot: int
    slots: int
    start: int | None
    minutes: int | None
    overbooked: bool
    inside: bool = False


class Place(NamedTuple):
    """The first slot of an appointment, and how many it takes."""

    slot: int
    slots: int


class Placed(NamedTuple):
    """The places of appointments by number, and those that have none."""

    places: dict[int, Place]
    displaced: list[int]


def place_all(held: Iterable[Held], day: DaySlots) -> Placed:
    """Return the place of each appointment.

    One with a time takes the slot that starts then. One without a time keeps its slot, or takes the lowest that is
    free. Those that were in a slot of the earlier hours go first, so that one that was kept without a slot displaces
    nobody.
    """
    places: dict[int, Place] = {}
    displaced = list[int]()
    taken = set[int]()
    for each in sorted(held, key=_precedence):
        found = None if each.overbooked else _place(each, day, taken)
        if found is None:
            displaced.append(each.number)
        else:
            places[each.number] = found
            taken.update(range(found.slot, found.slot + found.slots))
    return Placed(places, displaced)


def _precedence(each: Held) -> tuple[bool, bool, int, int, int]:
    """Return the sort key: those in a slot of the earlier hours first, then by time.

    Of two at one time, the one with the lower slot is first.
    """
    if each.start is None:
        return (not each.inside, True, each.slot, 0, each.number)
    return (not each.inside, False, each.start, each.slot, each.number)


def _place(each: Held, day: DaySlots, taken: Collection[int]) -> Place | None:
    if each.start is None:
        own = Place(each.slot, 1)
        if each.slot <= len(day.starts) and each.slot not in taken:
            return own
        return next((Place(*found) for found in hours.free_slots(day, taken)), None)
    if each.start not in day.starts:
        return None
    slot = day.starts.index(each.start) + 1
    count = hours.span(day, slot, each.minutes)
    return Place(slot, count) if count is not None and hours.is_free(slot, count, taken) else None


def keep_all(held: Iterable[Held], restored: Collection[int]) -> dict[int, Place]:
    """Return the places on a day without hours.

    Each keeps its slot, and a long visit takes one. The `restored` ones, by number, give way if another one has theirs:
    they get the lowest free slot.
    """
    places: dict[int, Place] = {}
    taken = set[int]()
    for each in sorted(held, key=lambda each: (each.number in restored, each.slot, each.number)):
        found = Place(each.slot if each.slot not in taken else slots.lowest_free(taken), 1)
        places[each.number] = found
        taken.add(found.slot)
    return places


def place_above(numbers: Iterable[int], held: Mapping[int, Held], capacity: int) -> dict[int, Place]:
    """Return places above the capacity for appointments that stay without a slot."""
    places: dict[int, Place] = {}
    slot = capacity + 1
    for number in sorted(numbers, key=lambda each: (held[each].slot, each)):
        places[number] = Place(slot, 1)
        slot += 1
    return places


def move_all(
    displaced: Sequence[Held],
    day: DaySlots,
    taken: Collection[int],
    *,
    busy: Mapping[int, list[tuple[int, int]]],
    wanted: Mapping[int, int],
    first: int,
) -> dict[int, Place]:
    """Return the nearest free places for appointments, by number.

    Those without one are left out. `busy` are the times of each patient's other visits; the new times are added to
    them. `wanted` are their times. No place starts before `first`.
    """
    places: dict[int, Place] = {}
    taken = set(taken)
    for each in sorted(displaced, key=lambda each: (wanted[each.number], each.number)):
        within = hours.WHOLE_DAY._replace(first=first)
        own = busy[each.number]
        free = [
            (slot, count)
            for slot, count in hours.free_slots(day, taken, minutes=each.minutes, within=within)
            if not any(start < day.ends[slot + count - 2] and day.starts[slot - 1] < end for start, end in own)
        ]
        for slot, count in hours.nearest(day, free, wanted[each.number], count=1):
            places[each.number] = Place(slot, count)
            taken.update(range(slot, slot + count))
            own.append((day.starts[slot - 1], day.ends[slot + count - 2]))
    return places
