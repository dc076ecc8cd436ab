"""JSON, JSON lines, CSV and TSV: full values, never localised; and refusals as text and as JSON."""

import csv
import io
import json
import re
from typing import Any

from clinicctl import errors
from clinicctl.results import Demo, Health, Imported, Outcome, ToCall, plain
from clinicctl.rules.text import forbidden
from clinicctl.show.visible import visible

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
# Every character that `forbidden` may name, control characters aside, which JSON escapes itself.
_SUSPECT = re.compile(
    "[\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


def as_json(facts: Any, *, outcome: Outcome | None, lines: bool, pretty: bool) -> str:
    """Return a single thing as an object and a list as an array; with `lines`, one object a line."""
    found = _objects(facts, outcome)
    if lines:
        return "".join(f"{dumps(each)}\n" for each in (found if isinstance(found, list) else [found]))
    return f"{dumps(found, indent=2 if pretty else None)}\n"


def as_separated(facts: Any, *, outcome: Outcome | None, comma: bool, header: bool, excel_safe: bool) -> str:
    """Return rows with nested names flattened by dots: RFC 4180 with commas, else tabs with nothing quoted.

    A result that is about rows (an import, a health check) gives its rows, and a change that cancelled somebody the
    list to phone. `excel_safe` puts an apostrophe before what
    a spreadsheet would run.
    """
    rows = [_flat(each) for each in _rows(facts, outcome)]
    if not rows:
        return ""
    cells = [list(rows[0]), *(list(row.values()) for row in rows)] if header else [list(row.values()) for row in rows]
    if excel_safe:
        cells = [[f"'{cell}" if cell.startswith(_RUN_BY_SPREADSHEETS) else cell for cell in row] for row in cells]
    if not comma:
        return "".join("\t".join(row) + "\n" for row in cells)
    buffer = io.StringIO()
    csv.writer(buffer).writerows(cells)
    return buffer.getvalue()


def refusal_json(refused: errors.Refusal) -> str:
    """Return a refusal as the object of section 4 of the contract, on one line."""
    said = {"code": refused.code, "message": str(refused), "hint": refused.hint, "details": plain(refused.details)}
    return f"{dumps({'error': said, 'exit_code': refused.status})}\n"


def refusal_text(refused: errors.Refusal) -> str:
    """Return a refusal as its sentence, the people it is about, and a hint."""
    lines = [f"clinicctl: {visible(str(refused))}"]
    if isinstance(refused, errors.AnswerAboutPeople):
        people = refused.facts.get("candidates") or refused.facts.get("affected") or []
        lines += [f"  {visible(_person(each))}" for each in people]
    if refused.hint:
        lines.append(f"  {visible(refused.hint)}")
    return "".join(f"{line}\n" for line in lines)


def to_call(each: ToCall) -> str:
    """Return one line of a list to phone."""
    return visible(f"  {each.appointment}  {each.number} {each.name}  {each.phone or 'no phone'}") + "\n"


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return JSON in UTF-8, with what a terminal would obey escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _SUSPECT.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if forbidden(found.string, found.start()) else found[0]


def _objects(facts: Any, outcome: Outcome | None) -> Any:
    found = plain(facts)
    if outcome is None:
        return found
    marks = {"replayed": outcome.replayed} | ({"dry_run": True} if outcome.dry_run else {})
    return [each | marks for each in found] if isinstance(found, list) else found | marks


def _rows(facts: Any, outcome: Outcome | None) -> list[dict[str, Any]]:
    if told := [person for each in (facts if isinstance(facts, list) else [facts]) for person in _to_tell(each)]:
        return [plain(each) for each in told]
    if isinstance(facts, Imported):
        return [plain(each) for each in facts.rows]
    if isinstance(facts, Health):
        return [plain(each) for each in facts.findings]
    if isinstance(facts, Demo):
        return [{"try_next": each} for each in facts.try_next]
    found = _objects(facts, outcome)
    return found if isinstance(found, list) else [found]


def _to_tell(facts: Any) -> tuple[ToCall, ...]:
    """Whom a change has cancelled: where there are any, they are the rows, for they have to be phoned."""
    return getattr(facts, "cancelled", ())


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
    return (value.get("appointment") or value.get("number")) if isinstance(value, dict) else value


def _person(person: dict[str, Any]) -> str:
    born = person.get("born") or (f"age {person['age']}" if person.get("age") is not None else None)
    phone = f"phone …{person['phone_last3']}" if person.get("phone_last3") else "no phone"
    place = " ".join(str(person[each]) for each in ("appointment", "doctor", "date") if person.get(each))
    slot = f"slot {person['slot']}" if person.get("slot") else None
    score = f"likeness {person['score']}" if person.get("score") else None
    return "  ".join(each for each in (person["number"], person["name"], born, phone, place, slot, score) if each)
