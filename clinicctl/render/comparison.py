"""Show two records of a patient side by side, and what a merge keeps, takes over or joins."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clinicctl.render import phrases
from clinicctl.render.columns import text
from clinicctl.render.layout import NARROW, Console, Heading, Text, shortened
from clinicctl.results.people import Compared, MergePlan

NOTE = 120
"""The most cells of a note that are shown."""

HIDDEN = "…"
"""What stands for a name in a clinic that wants no names on the screen."""


class _Row(NamedTuple):
    """A field of both records, and what the merged record will have."""

    title: str
    theirs: Any
    ours: Any
    after: Any


def headline(plan: MergePlan, *, names: bool) -> str:
    """Return who would be merged into whom, and how much would move."""
    gone, stays = (phrases.patient(each) if names else each.number for each in (plan.patient, plan.into))
    moving = f"Appointments to move: {plan.appointments}; waitlist entries: {plan.waitlist_entries}."
    return f"Merge {gone} into {stays}. {moving}"


def print_plan(console: Console, plan: MergePlan, *, names: bool) -> None:
    """Print a row for each field. Without `names` no name is shown."""
    gone, stays = plan.patient.number, plan.into.number
    rows = _rows(plan, names=names)
    if console.width < NARROW:
        for title, *values in rows:
            console.block([("", Text(title)), *zip((gone, stays, "After"), map(text, values), strict=True)])
        return
    console.table(
        [Heading(style="bold", wraps=False), Heading(gone), Heading(f"{stays} (stays)"), Heading("After the merge")],
        [[Text(title), *map(text, values)] for title, *values in rows],
    )


def _rows(plan: MergePlan, *, names: bool) -> Sequence[_Row]:
    theirs, ours, after = plan.merged_record, plan.into_record, plan.record_after
    removed = f"; {', '.join(plan.waitlist_removed)} removed" if plan.waitlist_removed else ""

    def row(field: str, show: Callable[[Compared], str]) -> _Row:
        return _Row(field, show(theirs), show(ours), _fate(plan, field, before=show(ours), after=show(after)))

    return (
        _Row("number", theirs.number, ours.number, f"both find {ours.number}"),
        row("name", lambda each: each.name if names else HIDDEN),
        _Row("phones", *_phones(plan)),
        row("born", phrases.birth),
        row("sex", lambda each: "" if each.sex == "unknown" else each.sex),
        row("email", lambda each: _email(each, names=names)),
        row("notify", lambda each: each.notify or ""),
        row("language", lambda each: each.language or ""),
        row("note", lambda each: shortened(each.note or "", NOTE)),
        _Row("registered", theirs.created_at.date(), ours.created_at.date(), "kept"),
        _Row("appointments", theirs.appointments, ours.appointments, f"both: {after.appointments}"),
        _Row("waitlist", theirs.waitlist_entries, ours.waitlist_entries, f"both: {after.waitlist_entries}{removed}"),
        _Row("last visit", theirs.last_visit, ours.last_visit, after.last_visit),
    )


def _fate(plan: MergePlan, field: str, *, before: str, after: str) -> str:
    """Return what becomes of a field. It is empty if neither record has it."""
    if field in plan.taken_over:
        return "joined" if field == "note" and before else "taken over"
    if field in plan.kept:
        return f"kept; the other stays with {plan.patient.number}"
    return "kept" if after else ""


def _phones(plan: MergePlan) -> tuple[str, str, str]:
    """Return the phones of both records, and what becomes of them."""
    theirs, ours = plan.merged_record.phones, plan.into_record.phones
    if ours and not set(theirs) <= set(ours):
        fate = f"kept; others stay with {plan.patient.number}"
    else:
        fate = "kept" if ours else "taken over" if theirs else ""
    return ", ".join(theirs), ", ".join(ours), fate


def _email(each: Compared, *, names: bool) -> str:
    """Return an e-mail address.

    Most contain a name, so that without `names` only the domain is shown.
    """
    address = each.email or ""
    return address if names or not address else f"{HIDDEN}@{address.rpartition('@')[2]}"
