"""Format results as JSON, JSON lines, CSV and TSV, and errors as text and JSON.

Values are never localised.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from clinicctl import errors
from clinicctl.render.safe_text import visible
from clinicctl.results.base import Outcome, plain
from clinicctl.rules.text import forbidden

if TYPE_CHECKING:
    from clinicctl.results.people import ToCall

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
# Every character that `forbidden` may reject, except control characters, which JSON escapes itself.
_SUSPECT = re.compile(
    "[\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)

_AT_ONCE = 5_000
"""How many rows of an import are formatted at once."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)


def as_json(result: Any, *, outcome: Outcome | None, lines: bool, pretty: bool, plan: Any = None) -> Iterator[str]:
    """Yield the parts of a single thing as an object, with `lines` on one line.

    `plan` is what a dry run shows beside its answer.
    """
    if not pretty and (rows := getattr(result, "rows", ())):
        found, before = _objects(replace(result, rows=()), outcome), "{"
        for name, each in found.items():
            yield f"{before}{dumps(name)}: "
            if name == "rows":
                yield from _rows_json(rows)
            else:
                yield dumps(each)
            before = ", "
        yield "}\n"
        return
    found = _objects(result, outcome)
    if plan is not None:
        found |= {"plan": plain(plan)}
    yield f"{dumps(found, indent=2 if pretty and not lines else None)}\n"


def json_items(rows: Iterable[Any], *, outcome: Outcome | None, pretty: bool) -> Iterator[str]:
    """Yield each member of a list as JSON."""
    for row in rows:
        yield dumps(_objects(row, outcome), indent=2 if pretty else None)


def json_array(members: Iterable[str], *, pretty: bool) -> Iterator[str]:
    """Yield the parts of an array. Its members are JSON already."""
    begin, between, end = ("[\n  ", ",\n  ", "\n]\n") if pretty else ("[", ", ", "]\n")
    before = begin
    for each in members:
        yield before + (each.replace("\n", "\n  ") if pretty else each)
        before = between
    yield end if before is between else "[]\n"


def as_separated(result: Any, *, outcome: Outcome | None, comma: bool, header: bool, excel_safe: bool) -> Iterator[str]:
    """Yield a result as `separated_lines`.

    One with rows (an import, a health check) becomes these rows.
    """
    line = _line(comma=comma, excel_safe=excel_safe)
    if (tuples := getattr(result, "rows", None)) is not None:
        if header:
            yield line(_member(type(result), "rows")._fields)
        for some in _parts(tuples):
            yield from map(line, zip(*_texts(some, _plain_cell), strict=True))
        return
    kind, rows = type(result), [result]
    # By name, so that a booking does not load the results of a health check.
    if about := _ABOUT_ROWS.get(type(result).__name__):
        kind, rows = _member(type(result), about), list(getattr(result, about))
        if not is_dataclass(kind):
            yield from map(line, [*([[about]] if header else []), *([_plain_cell(each)] for each in rows)])
            return
    yield from separated_lines(rows, kind=kind, outcome=outcome, comma=comma, header=header, excel_safe=excel_safe)


def separated_lines(
    rows: Iterable[Any], *, kind: Any, outcome: Outcome | None, comma: bool, header: bool, excel_safe: bool
) -> Iterator[str]:
    """Yield rows with flattened names: RFC 4180, or tabs without quotes.

    The columns depend only on the class of the first row, or on `kind` if there is none. `excel_safe` puts an
    apostrophe before a cell that a spreadsheet would run.
    """
    line = _line(comma=comma, excel_safe=excel_safe)
    # A write always has both columns, so that its columns are the same each time.
    marks = {"replayed": _cell(outcome.replayed), "dry_run": _cell(outcome.dry_run)} if outcome else {}
    names: list[str] | None = None
    for row in rows:
        found = plain(row)
        if names is None:
            names = list(_names(type(row), found))
            if header:
                yield line([*names, *marks])
        flat = _flat(found)
        yield line([*(flat.get(name, "") for name in names), *marks.values()])
    if names is None and header:
        yield line([*_names(kind, {}), *marks])


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def _line(*, comma: bool, excel_safe: bool) -> Callable[[Iterable[str]], str]:
    """Return the function that turns cells into a line."""
    write: Callable[[Iterable[str]], str] = csv.writer(_Echo()).writerow if comma else _tabbed
    if not excel_safe:
        return write
    return lambda cells: write(map(neutralised, cells))


def neutralised(cell: str) -> str:
    """Return a cell with an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if cell.startswith(_RUN_BY_SPREADSHEETS) else cell


def _tabbed(cells: Iterable[str]) -> str:
    return "\t".join(cells) + "\n"


def refusal_json(refused: errors.Refusal) -> str:
    """Return an error as the JSON object of the contract, on one line."""
    return f"{dumps({'error': _error(refused), 'exit_code': refused.status})}\n"


def answer(line: int, status: int, value: Any, refused: errors.Refusal | None) -> str:
    """Return the answer to one line of a batch as a JSON object."""
    found: dict[str, Any] = {"line": line, "exit_code": status}
    if refused is not None:
        found["error"] = _error(refused)
    elif isinstance(value, Outcome):
        found["result"] = _objects(value.result, value)
    else:
        found["result"] = _objects(value, None)
    return f"{dumps(found)}\n"


def refusal_text(
    refused: errors.Refusal, *, masked: bool = False, width: int | None = None, numbered: bool = False
) -> str:
    """Return an error as its sentence, the people concerned, and a hint.

    `masked` leaves only the last three digits of a phone. With a `width` in cells, the lines on people are wrapped.
    `numbered` puts a number before each, to choose by, and omits the hint.
    """
    lines = [f"clinicctl: {visible(str(refused))}"]
    if isinstance(refused, errors.AnswerAboutPeople):
        people = refused.details.get("candidates") or refused.details.get("affected") or []
        for nth, each in enumerate(people, start=1):
            number = [str(nth)] if numbered else []
            lines += _packed([*number, *(visible(part) for part in _person(each, masked=masked))], width)
        more = refused.details.get("candidates_count", 0) - len(people)
        lines += [f"  … and {more} more"] if more > 0 else []
    if isinstance(refused, errors.SeriesUnavailable):
        lines += [f"  {visible(_unavailable(each))}" for each in refused.details["unavailable"]]
    if refused.hint and not numbered:
        lines.append(f"  {visible(refused.hint)}")
    return "".join(f"{line}\n" for line in lines)


def _unavailable(each: Mapping[str, Any]) -> str:
    """Return why a date of a series cannot be had, and what is free instead."""
    free = each.get("nearest_free") or each.get("next_free") or ()
    return f"{each['message']} Free: {', '.join(free)}." if free else str(each["message"])


TO_CALL = {
    "cancelled": ("Cancelled by the clinic; please call:", "Would be cancelled by the clinic:"),
    "moved": ("Moved to another time; please call:", "Would be moved to another time:"),
}
"""The lists of patients to call in a result, each with its title and that of a dry run."""


def to_call(each: "ToCall") -> str:
    """Return one line of a list of patients to call."""
    moved = ""
    if (to_time := getattr(each, "to_time", None)) is not None:
        from_time = getattr(each, "from_time", None)
        moved = f"  {from_time:%H:%M} → {to_time:%H:%M}" if from_time else f"  {to_time:%H:%M}"
    return visible(f"  {each.appointment}  {each.number} {each.name}  {each.phone or 'no phone'}{moved}") + "\n"


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in UTF-8, with terminal control characters escaped."""
    return _safe(_ENCODER.encode(value) if indent is None else json.dumps(value, ensure_ascii=False, indent=indent))


def _safe(text: str) -> str:
    return text if text.isascii() and "\x7f" not in text else _SUSPECT.sub(_escaped, text)


def _error(refused: errors.Refusal) -> dict[str, Any]:
    return {"code": refused.code, "message": str(refused), "hint": refused.hint, "details": plain(refused.details)}


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if forbidden(found.string, found.start()) else found[0]


def _objects(result: Any, outcome: Outcome | None) -> Any:
    found = plain(result)
    if outcome is None:
        return found
    marks = {"replayed": outcome.replayed} | ({"dry_run": True} if outcome.dry_run else {})
    return [each | marks for each in found] if isinstance(found, list) else found | marks


def declared_class(of: Callable[..., Any] | None) -> Any:
    """Return the class of list members from the return type of an operation."""
    hint = get_type_hints(of).get("return") if of is not None else None
    return next(iter(get_args(hint)), None)


def _names(kind: Any, sample: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Return the columns of a class of results, including nested classes.

    Only the names in a mapping come from a sample, because they are not fields.
    """
    for name, hint in _hints(kind).items():
        inside = next((each for each in (hint, *get_args(hint)) if is_dataclass(each)), None)
        if get_origin(hint) is Mapping:
            yield from (f"{before}{name}.{each}" for each in sample.get(name) or {})
        elif inside is not None and get_origin(hint) is not tuple:
            yield from _names(inside, sample.get(name) or {}, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _member(kind: type, name: str) -> Any:
    """Return the class of the members of a tuple field."""
    return get_args(_hints(kind)[name])[0]


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind) if is_dataclass(kind) else {}


def _plain_cell(value: Any) -> str:
    return _cell(plain(value))


def _rows_json(rows: Sequence[Any]) -> Iterator[str]:
    """Yield the parts of named tuples as a JSON array, fast for many rows."""
    names = ", ".join(f"{dumps(name)}: %s" for name in rows[0]._fields)
    each, before = f"{{{names}}}".__mod__, "["
    for some in _parts(rows):
        yield before + ", ".join(map(each, zip(*_texts(some, lambda value: dumps(plain(value))), strict=True)))
        before = ", "
    yield "]"


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE))


def _texts(rows: Sequence[Any], text: Callable[[Any], str]) -> list[Iterable[str]]:
    """Return the columns of rows as texts. A repeated value is formatted once."""
    found = list[Iterable[str]]()
    for column in zip(*rows, strict=True):
        if all(type(value) is int for value in column):
            found.append(map(str, column))
            continue
        known = {value: text(value) for value in dict.fromkeys(column)}
        found.append(map(known.__getitem__, column))
    return found


_ABOUT_ROWS = {
    "Health": "findings",
    "Checked": "problems",
    "Demo": "try_next",
    "Series": "appointments",
    "CancelledSeries": "appointments",
}


def _flat(value: dict[str, Any], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            flat |= _flat(each, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = _cell(each)
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(_cell(_handle(each)) for each in value)
    return visible(str(value))


def _handle(value: Any) -> Any:
    """Return one word for an object in a cell."""
    if isinstance(value, dict) and "to_status" in value:
        return f"{value['appointment']}:{value['from_status'] or ''}>{value['to_status']}"
    if isinstance(value, dict) and "remaining" in value:
        return f"{value['date']}:{value['booked']}/{value['capacity'] if value['present'] else 0}"
    if isinstance(value, dict):
        return value.get("appointment") or value.get("number") or value.get("law")
    return value


def _person(person: dict[str, Any], *, masked: bool) -> list[str]:
    """Return the details that distinguish a person from the others, or a doctor."""
    if "code" in person:
        return [person["code"], person["name"]]
    age = f"age {person['age']}" if person.get("age") is not None else None
    born = f"born {person['born']} ({age})" if person.get("born") and age else person.get("born") or age
    sex = person.get("sex") if person.get("sex") != "unknown" else None
    ending = person.get("phone_last3") if masked else person.get("phone_ending") or person.get("phone_last3")
    phone = f"phone …{ending}" if ending else "no phone"
    visit = f"last visit {person['last_visit']}" if person.get("last_visit") else None
    place = " ".join(str(person[each]) for each in ("appointment", "doctor", "date") if person.get(each))
    # The value to type comes first. No slot beside a position, because the two could be confused.
    choose = person.get("choose") if person.get("choose") != person["number"] else None
    if choose is not None:
        place = " ".join(str(person[each]) for each in ("doctor", "date", "time") if person.get(each))
    # Beside a value to type, the time is already in the place.
    at = f" at {person['time']}" if person.get("time") and choose is None else ""
    slot = f"slot {person['slot']}{at}" if person.get("slot") else None
    if person.get("position"):
        slot = f"position {person['position']}" if choose is None else None
    if person.get("status"):
        state = errors.status_label(str(person["status"]))
        slot = ", ".join(each for each in (slot, state) if each)
    why = person.get("why")
    score = (f"{person['score']}%: {why}" if why else f"{person['score']}% similar") if person.get("score") else None
    line = f"for line {person['line']}" if person.get("line") else None
    parts = (choose, person["number"], person["name"], born, sex, phone, visit, place, slot, score, line)
    return [str(each) for each in parts if each]


def _packed(parts: Sequence[str], width: int | None) -> list[str]:
    """Return lines of details, indented more after the first line."""
    if width is None:
        return [f"  {'  '.join(parts)}"]
    from clinicctl.render.layout import cells  # Only a terminal needs it.

    lines = [f"  {parts[0]}"]
    for part in parts[1:]:
        if cells(f"{lines[-1]}  {part}") <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(f"      {part}")
    return lines
