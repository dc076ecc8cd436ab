"""Commands for patients."""

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import imports, params, parsers
from clinicctl.cli.commands import group, reads, reads_long, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules import import_rows
from clinicctl.rules.days import DayWord, parse_day
from clinicctl.rules.references import PatientRef
from clinicctl.statuses import OnError

app = typer.Typer()
patient = group(
    "patient",
    "Patients: register, find, edit, merge.",
    "clinicctl patient add 'Anna Schmidt' --phone '+49 151 23456789' --born 1980-02-01",
    "clinicctl patient find 'an sch'",
)
GROUPS = {"patient": patient}


@writes(
    patient,
    "add",
    "clinicctl patient add 'Anna Schmidt' --phone '+49 151 23456789' --born 1980-02-01",
    "clinicctl patient add - --phone none --age 34 --sex female < name.txt",
)
def add(
    ctx: Ctx,
    name: params.Name,
    phone: params.Phones,
    born: params.Born = None,
    age: params.Age = None,
    sex: params.SexOption = None,
    email: params.Email = None,
    note: params.Note = None,
    new: Annotated[bool, typer.Option("--new", help="Register another person than those on file.")] = False,
    same_as: params.SameAs = None,
    unverified_phone: params.UnverifiedPhone = False,
    notify: params.NotifyOption = None,
    language: params.Language = None,
) -> None:
    """Register a patient, or return the one on file with empty fields filled in."""
    _refuse_both(new=new, same_as=same_as)
    _refuse_both(born=born, age=age)
    ctx.obj.write(
        desk.registration.add,
        name=name,
        phone=phone[0],
        more_phones=phone[1:] or None,
        born=born,
        age=age,
        sex=sex,
        email=email or None,
        note=note or None,
        new=new,
        same_as=same_as,
        unverified_phone=unverified_phone or None,
        notify=notify,
        language=language or None,
    )


@reads(patient, "show", "clinicctl patient show P17", "clinicctl patient show 'an sch' --json")
def show(ctx: Ctx, patient: params.Patient) -> None:
    """Show a patient's card: details, appointments, and who shares a phone."""
    ctx.obj.show(ctx.obj.read(desk.cards.show, patient=patient))


@reads_long(patient, "find", "clinicctl patient find 'mu an'", "clinicctl patient find '0151 23456789'")
def find(ctx: Ctx, words: params.Words) -> None:
    """Find patients by words of the name, by phone, or by number."""
    found = ctx.obj.read(desk.patients.list_matching, text=words)
    if found and found[0].score is not None:
        ctx.obj.note("No exact match. These names are similar:")
    ctx.obj.show(found)


@reads_long(patient, "list", "clinicctl patient list", "clinicctl patient list --all -o csv")
def list_(ctx: Ctx, every: params.All = False, limit: params.Limit = None) -> None:
    """List the patients by number."""
    ctx.obj.show(ctx.obj.read_list(desk.patients.iter_all, archived=every, limit=limit))


@writes(
    patient,
    "edit",
    "clinicctl patient edit P17 --phone '0151 98765432'",
    "clinicctl patient edit P17 --note ''",
    "clinicctl patient edit P17 --notify none",
)
def edit(
    ctx: Ctx,
    patient: params.Patient,
    name: params.NameOption = None,
    phone: params.PhonesOption = None,
    add_phone: params.AddPhones = None,
    remove_phone: params.RemovePhones = None,
    born: params.Born = None,
    age: params.Age = None,
    sex: params.SexOption = None,
    email: params.Email = None,
    note: params.Note = None,
    unverified_phone: params.UnverifiedPhone = False,
    notify: params.NotifyOption = None,
    language: params.Language = None,
) -> None:
    """Change a patient's details. An empty e-mail, note or language clears it.

    --phone replaces all phones.
    """
    _refuse_both(born=born, age=age)
    ctx.obj.write(
        desk.registration.edit,
        patient=patient,
        name=name,
        phone=phone[0] if phone else None,
        more_phones=phone[1:] or None if phone else None,
        add_phones=add_phone or None,
        remove_phones=remove_phone or None,
        born=born,
        age=age,
        sex=sex,
        email=email,
        note=note,
        unverified_phone=unverified_phone or None,
        notify=notify,
        language=language,
    )


@writes(patient, "archive", "clinicctl patient archive P17")
def archive(ctx: Ctx, patient: params.Patient) -> None:
    """Archive a patient. Only the number finds the record, and booking is refused."""
    ctx.obj.write(desk.records.archive_patient, patient=patient)


@writes(patient, "restore", "clinicctl patient restore P17")
def restore(ctx: Ctx, patient: params.Patient) -> None:
    """Restore a patient from the archive."""
    ctx.obj.write(desk.records.restore_patient, patient=patient)


@writes(patient, "erase", "clinicctl patient erase P17 --yes")
def erase(ctx: Ctx, patient: params.Patient) -> None:
    """Erase a patient's personal data permanently.

    The number and the appointments remain.

    Backups, exports and your shell's history are not changed.
    """
    if not (ctx.obj.settings.yes or ctx.obj.settings.dry_run):
        records = ctx.obj.read(desk.records.preview_erasure, patient=patient)
        from clinicctl.render import phrases  # Deferred: only a question needs it.

        named = " and ".join(map(phrases.patient, records))
        ctx.obj.confirm(f"This cannot be undone. Erase {named}?")
    ctx.obj.store.require_standalone()
    outcome = ctx.obj.execute(desk.records.erase, {"patient": patient})
    overwritten = None if outcome.dry_run else ctx.obj.store.overwrite()
    ctx.obj.show(replace(outcome, result=replace(outcome.result, overwritten=overwritten)))
    if overwritten is False:
        again = f"clinicctl patient erase {outcome.result.patient.number} --yes"
        why = "another command was using it, or the disk is full"
        render.message(f"Erased, but the file may still hold traces: {why}. Finish with `{again}`.")
    elif overwritten is None and not outcome.dry_run:
        render.message("Erased, but the server's log, standbys and backups may still hold the data.")
    if copies := ctx.obj.store.copies():
        render.message(f"Older copies beside the database were not changed: {', '.join(copies)}.")


@reads_long(
    patient, "duplicates", "clinicctl patient duplicates -o csv", "clinicctl patient duplicates --since -7d --limit 20"
)
def duplicates(
    ctx: Ctx,
    since: Annotated[
        DayWord | None,
        typer.Option("--since", metavar="DAY", parser=parse_day, help="Only pairs with one registered since then."),
    ] = None,
    limit: params.Limit = None,
) -> None:
    """List possible duplicates, the most similar first."""
    with render.show_progress("patients", quiet=ctx.obj.settings.quiet) as progress:
        found = ctx.obj.read(
            desk.duplicates.list_duplicates,
            since=since,
            limit=limit,
            report=partial(progress.advance, "comparing"),
        )
    ctx.obj.show(found)


@writes(patient, "distinct", "clinicctl patient distinct P3 P4")
def distinct(
    ctx: Ctx,
    patient: params.Patient,
    other: Annotated[
        PatientRef,
        typer.Argument(metavar="OTHER", parser=parsers.personal(parsers.patient_ref), help="The other patient."),
    ],
) -> None:
    """Record that two patients are two people: they are no possible duplicates."""
    ctx.obj.write(desk.distinct.mark, one=patient, other=other)


@writes(patient, "merge", "clinicctl patient merge P18 --into P17 --yes")
def merge(
    ctx: Ctx,
    patient: params.Patient,
    into: Annotated[
        PatientRef,
        typer.Option(
            "--into", metavar="REF", parser=parsers.personal(parsers.patient_ref), help="The patient who remains."
        ),
    ],
) -> None:
    """Merge two patients.

    Shows both records before it asks. The old number, name and phone then find the one who remains. `clinicctl undo`
    takes the merge back, as long as nothing was written on that patient.
    """
    ctx.obj.preview_merge(patient=patient, into=into)
    ctx.obj.confirm("Merge the two?")
    ctx.obj.write(desk.records.merge, patient=patient, into=into)


@writes(
    patient,
    "import",
    "clinicctl patient import patients.csv --dry-run",
    "clinicctl patient import - --format jsonl --on-error skip < patients.jsonl",
)
def import_(
    ctx: Ctx,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", help="Columns: name[,phone][,born][,age][,sex][,email][,note][,notify][,language]."
        ),
    ],
    format_: imports.FormatOption = None,
    sheet: imports.SheetOption = None,
    encoding: imports.EncodingOption = None,
    columns: imports.ColumnsOption = None,
    save_columns: imports.SaveColumnsOption = False,
    ignore_columns: imports.IgnoreColumnsOption = False,
    on_error: imports.OnErrorOption = OnError.STOP,
    update: Annotated[
        bool,
        typer.Option(
            "--update", help="Also change a different e-mail, note or age on file. An empty cell changes nothing."
        ),
    ] = False,
    unverified_phone: params.UnverifiedPhone = False,
) -> None:
    """Register patients from a file, or fill in those on file: all rows or none."""
    imports.run(
        ctx,
        file,
        import_rows.PATIENT_FILES,
        imports.FileOptions(format_, sheet, encoding, columns, save_columns, ignore_columns),
        plan=desk.imports.patient_plan.plan_patients,
        check=desk.imports.patient_plan.check_patients,
        write=desk.imports.patients.add_patients,
        on_error=on_error,
        update=update,
        unverified_phone=unverified_phone,
    )


def _refuse_both(**options: object) -> None:
    if all(value not in (None, False) for value in options.values()):
        one, other = (f"--{name.replace('_', '-')}" for name in options)
        raise errors.Usage(problem=f"{one} and {other} cannot be combined.")
