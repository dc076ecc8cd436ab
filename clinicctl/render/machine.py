"""JSON, JSON lines, CSV and TSV: full values, never localised; and refusals as text and as JSON."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from clinicctl import errors
from clinicctl.render.safe_text import visible
from clinicctl.results import Outcome, plain
from clinicctl.rules.text import forbidden

if TYPE_CHECKING:
    from clinicctl.results import ToCall

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
# Every character that `forbidden` may name, control characters aside, which JSON escapes itself.
_SUSPECT = re.compile(
    "[\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)

_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)


def as_json(facts: Any, *, outcome: Outcome | None, lines: bool, pretty: bool) -> str:
    """Return a single thing as an object and a list as an array; with `lines`, one object a line."""
    if not pretty and (rows := getattr(facts, "rows", ())):
        found = _objects(replace(facts, rows=()), outcome)
        texts = {name: dumps(each) for name, each in found.items()} | {"rows": _rows_json(rows)}
        return "{" + ", ".join(f"{dumps(name)}: {each}" for name, each in texts.items()) + "}\n"
    found = _objects(facts, outcome)
    if lines:
        return "".join(f"{dumps(each)}\n" for each in (found if isinstance(found, list) else [found]))
    return f"{dumps(found, indent=2 if pretty else None)}\n"


def as_separated(
    facts: Any,
    *,
    outcome: Outcome | None,
    comma: bool,
    header: bool,
    excel_safe: bool,
    of: Callable[..., Any] | None = None,
) -> str:
    """Return rows with nested names flattened by dots: RFC 4180 with commas, else tabs with nothing quoted.

    The columns follow from the result's class, whatever stands in it: `of` is the operation whose result it is, and
    declares the class of an empty list. A result that is about rows (an import, a health check) gives its rows.
    `excel_safe` puts an apostrophe before what a spreadsheet would run.
    """
    cells = _cells(facts, outcome, of)
    cells = cells if header else cells[1:]
    if excel_safe:
        cells = [[f"'{cell}" if cell.startswith(_RUN_BY_SPREADSHEETS) else cell for cell in row] for row in cells]
    if not comma:
        return "".join("\t".join(row) + "\n" for row in cells)
    buffer = io.StringIO()
    csv.writer(buffer).writerows(cells)
    return buffer.getvalue()


def refusal_json(refused: errors.Refusal) -> str:
    """Return a refusal as the object of section 4 of the contract, on one line."""
    return f"{dumps({'error': _error(refused), 'exit_code': refused.status})}\n"


def answer(line: int, status: int, value: Any, refused: errors.Refusal | None) -> str:
    """Return the answer to one line of a batch, as section 5 of the contract has it."""
    said: dict[str, Any] = {"line": line, "exit_code": status}
    if refused is not None:
        said["error"] = _error(refused)
    elif isinstance(value, Outcome):
        said["result"] = _objects(value.result, value)
    else:
        said["result"] = _objects(value, None)
    return f"{dumps(said)}\n"


def refusal_text(refused: errors.Refusal, *, masked: bool = False) -> str:
    """Return a refusal as its sentence, the people it is about, and a hint.

    `masked` leaves only the last three digits of a phone.
    """
    lines = [f"clinicctl: {visible(str(refused))}"]
    if isinstance(refused, errors.AnswerAboutPeople):
        people = refused.details.get("candidates") or refused.details.get("affected") or []
        lines += [f"  {visible(_person(each, masked=masked))}" for each in people]
        more = refused.details.get("candidates_count", 0) - len(people)
        lines += [f"  … and {more} more"] if more > 0 else []
    if refused.hint:
        lines.append(f"  {visible(refused.hint)}")
    return "".join(f"{line}\n" for line in lines)


def to_call(each: "ToCall") -> str:
    """Return one line of a list to phone."""
    return visible(f"  {each.appointment}  {each.number} {each.name}  {each.phone or 'no phone'}") + "\n"


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in UTF-8, with what a terminal would obey escaped."""
    return _safe(_ENCODER.encode(value) if indent is None else json.dumps(value, ensure_ascii=False, indent=indent))


def _safe(text: str) -> str:
    return text if text.isascii() and "\x7f" not in text else _SUSPECT.sub(_escaped, text)


def _error(refused: errors.Refusal) -> dict[str, Any]:
    return {"code": refused.code, "message": str(refused), "hint": refused.hint, "details": plain(refused.details)}


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if forbidden(found.string, found.start()) else found[0]


def _objects(facts: Any, outcome: Outcome | None) -> Any:
    found = plain(facts)
    if outcome is None:
        return found
    marks = {"replayed": outcome.replayed} | ({"dry_run": True} if outcome.dry_run else {})
    return [each | marks for each in found] if isinstance(found, list) else found | marks


def _cells(facts: Any, outcome: Outcome | None, of: Callable[..., Any] | None) -> list[list[str]]:
    """The header, and the rows."""
    if (tuples := getattr(facts, "rows", None)) is not None:
        return [list(_member(type(facts), "rows")._fields), *map(list, zip(*_texts(tuples, _plain_cell), strict=True))]
    # By name, so that a booking need not load what a health check answers.
    if about := _ABOUT_ROWS.get(type(facts).__name__):
        kind, values = _member(type(facts), about), list(getattr(facts, about))
        if not is_dataclass(kind):
            return [[about], *([_plain_cell(each)] for each in values)]
    else:
        values = facts if isinstance(facts, list) else [facts]
        kind = type(values[0]) if values else _declared(of)
    rows = [plain(each) for each in values]
    names = list(_names(kind, rows[0] if rows else {}))
    # A write always says both, so that its columns are the same each time.
    marks = {"replayed": _cell(outcome.replayed), "dry_run": _cell(outcome.dry_run)} if outcome else {}
    found = [_flat(each) for each in rows]
    return [[*names, *marks], *([each.get(name, "") for name in names] + [*marks.values()] for each in found)]


def _declared(of: Callable[..., Any] | None) -> Any:
    """The class of the members of a list, as the operation that returns it declares it."""
    hint = get_type_hints(of).get("return") if of is not None else None
    return next(iter(get_args(hint)), None)


def _names(kind: Any, sample: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The columns of a class of results: those of what may stand inside it, too, whether or not something does.

    Only the names in a mapping are those of a sample: the tables of a database are not fields.
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
    """The class of what a tuple among the fields holds."""
    return get_args(_hints(kind)[name])[0]


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind) if is_dataclass(kind) else {}


def _plain_cell(value: Any) -> str:
    return _cell(plain(value))


def _rows_json(rows: Sequence[Any]) -> str:
    """Rows of named tuples as an array: quickly, because there may be very many."""
    names = ", ".join(f"{dumps(name)}: %s" for name in rows[0]._fields)
    each = f"{{{names}}}".__mod__
    return f"[{', '.join(map(each, zip(*_texts(rows, lambda value: dumps(plain(value))), strict=True)))}]"


def _texts(rows: Sequence[Any], text: Callable[[Any], str]) -> list[Iterable[str]]:
    """The columns of rows as texts, each that comes again made once."""
    found = list[Iterable[str]]()
    for column in zip(*rows, strict=True):
        if all(type(value) is int for value in column):
            found.append(map(str, column))
            continue
        known = {value: text(value) for value in dict.fromkeys(column)}
        found.append(map(known.__getitem__, column))
    return found


_ABOUT_ROWS = {"Health": "findings", "Checked": "problems", "Demo": "try_next"}


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
    """What stands for an object where there is place for one word."""
    if isinstance(value, dict) and "to_status" in value:
        return f"{value['appointment']}:{value['from_status'] or ''}>{value['to_status']}"
    if isinstance(value, dict):
        return value.get("appointment") or value.get("number") or value.get("law")
    return value


def _person(person: dict[str, Any], *, masked: bool) -> str:
    """One line on somebody: what tells them from the others."""
    age = f"age {person['age']}" if person.get("age") is not None else None
    born = f"born {person['born']} ({age})" if person.get("born") and age else person.get("born") or age
    sex = person.get("sex") if person.get("sex") != "unknown" else None
    ending = person.get("phone_last3") if masked else person.get("phone_ending") or person.get("phone_last3")
    phone = f"phone …{ending}" if ending else "no phone"
    visit = f"last visit {person['last_visit']}" if person.get("last_visit") else None
    place = " ".join(str(person[each]) for each in ("appointment", "doctor", "date") if person.get(each))
    # What has to be typed stands first, and the slot is not shown beside a position: one could be typed for the other.
    choose = person.get("choose") if person.get("choose") != person["number"] else None
    if choose is not None:
        place = " ".join(str(person[each]) for each in ("doctor", "date", "time") if person.get(each))
    slot = f"slot {person['slot']}" if person.get("slot") else None
    if person.get("position"):
        slot = f"position {person['position']}" if choose is None else None
    if person.get("status"):
        state = str(person["status"]).replace("_", " ")
        slot = ", ".join(each for each in (slot, state) if each)
    score = f"likeness {person['score']}" if person.get("score") else None
    said = f"for line {person['line']}" if person.get("line") else None
    parts = (choose, person["number"], person["name"], born, sex, phone, visit, place, slot, score, said)
    return "  ".join(each for each in parts if each)
