"""Commands for check-in and the queue."""

from typing import Annotated, Any

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import group, reads_long, writes
from clinicctl.cli.context import AppContext, Ctx
from clinicctl.rules import references, text
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.statuses import Theme

app = typer.Typer()
queue = group(
    "queue",
    "The queue of a doctor's day: show, call, start, done, skip, transfer.",
    "clinicctl queue show MEHTA",
    "clinicctl queue call MEHTA",
)
GROUPS = {"queue": queue}


@writes(app, "checkin", "clinicctl checkin A42", "clinicctl checkin 'an sch'", "clinicctl checkin A42 --patient P17")
def checkin(
    ctx: Ctx,
    ref: params.Arrival,
    patient: params.PatientOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Check in even if the patient is still in an earlier queue of the doctor.")
    ] = False,
) -> None:
    """Check in a patient, and assign the next position in the queue.

    A patient who left and returns on the same day can check in again.
    """
    # An option that is not given is not part of the request, so keys of older versions keep their meaning.
    ctx.obj.write(desk.arrivals.check_in, arrival=ref, patient=patient, again=again or None)


@writes(
    app,
    "walkin",
    "clinicctl walkin P17 MEHTA --reason 'cut finger'",
    "clinicctl walkin MEHTA --new 'Ravi Kumar' --phone '+91 98765 43210'",
)
def walkin(
    ctx: Ctx,
    patient: Annotated[
        PatientRef,
        typer.Argument(
            metavar="[PATIENT]",
            parser=parsers.personal(parsers.patient_ref),
            help="P17, a UUID, a phone or its last 4 to 9 digits, or first letters of the names. Omit it with --new.",
        ),
    ],
    doctor: Annotated[
        DoctorRef | None,
        typer.Argument(
            metavar="DOCTOR",
            parser=parsers.doctor_ref,
            autocompletion=params.codes,
            help="The doctor's code or UUID, or first letters of the code or the name.",
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Option(
            "--new", metavar="NAME", parser=parsers.personal(text.name), help="Register a patient with this name."
        ),
    ] = None,
    phone: params.PhonesOption = None,
    born: params.Born = None,
    age: params.Age = None,
    sex: params.SexOption = None,
    email: params.Email = None,
    note: params.Note = None,
    same_as: params.SameAs = None,
    another: Annotated[
        bool, typer.Option("--another", help="Register another person than those on file with a similar name.")
    ] = False,
    unverified_phone: params.UnverifiedPhone = False,
    reason: params.Reason = None,
    visit_type: params.VisitType = None,
    again: params.Again = False,
    overbook: params.Overbook = False,
) -> None:
    """Book a patient for today, and check in. With --new, register the patient first.

    At a terminal, a name that finds nobody can be registered: it asks for the phone.
    """
    visit: dict[str, Any] = {"reason": reason, "visit_type": visit_type, "again": again, "overbook": overbook}
    if new is None:
        if any((phone, born, age, sex, email, note, same_as, another, unverified_phone)):
            raise errors.Usage(problem="--phone and other details of a patient need --new NAME.")
        if doctor is None:
            raise errors.Usage(problem="Missing argument DOCTOR.", hint="See `clinicctl walkin --help`.")
        given = _ask_for_phone(ctx.obj, patient)
        if given is None:
            ctx.obj.write(desk.arrivals.walk_in, patient=patient, doctor=doctor, **visit)
            return
        new, phone = text.name(patient), [given]
    elif doctor is not None:
        raise errors.Usage(problem="--new NAME replaces PATIENT: give only the doctor.")
    elif not phone:
        raise errors.Usage(problem="--new needs --phone PHONE, or --phone none.")
    ctx.obj.write(
        desk.arrivals.walk_in_new,
        doctor=doctor or parsers.doctor_ref(patient),
        name=new,
        phone=phone[0],
        more_phones=phone[1:] or None,
        born=born,
        age=age,
        sex=sex,
        email=email or None,
        patient_note=note or None,
        unverified_phone=unverified_phone or None,
        new=another or None,
        same_as=same_as,
        **visit,
    )


@reads_long(queue, "show", "clinicctl queue show", "clinicctl queue show MEHTA yesterday -o json")
def show(ctx: Ctx, doctor: params.MaybeDoctor = None, day: params.MaybeDay = None) -> None:
    """Show the queue of one doctor or of all, in calling order.

    Without a day: open queues of earlier days first, then today's.
    """
    ctx.obj.show(ctx.obj.read(desk.queue.show, doctor=doctor, on=day))


@writes(queue, "call", "clinicctl queue call MEHTA", "clinicctl queue call MEHTA 7")
def call(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Call the next patient, or the one at a position."""
    ctx.obj.write(desk.queue.call, doctor=doctor, position=position, on=day)


@writes(queue, "next", "clinicctl queue next MEHTA", "clinicctl next MEHTA --start")
def next_(
    ctx: Ctx,
    doctor: params.Doctor,
    start: Annotated[bool, typer.Option("--start", "-s", help="Start the consultation with the next patient.")] = False,
    day: params.QueueDay = None,
) -> None:
    """Finish the patient with the doctor, and call the next one."""
    ctx.obj.write(desk.queue.call_next, doctor=doctor, start=start or None, on=day)


@writes(queue, "start", "clinicctl queue start MEHTA")
def start(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Start the consultation with the called patient."""
    ctx.obj.write(desk.queue.start, doctor=doctor, position=position, on=day)


@writes(queue, "done", "clinicctl queue done MEHTA")
def done(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Finish the consultation."""
    ctx.obj.write(desk.queue.done, doctor=doctor, position=position, on=day)


@writes(queue, "skip", "clinicctl queue skip MEHTA")
def skip(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Skip a called patient who did not come."""
    ctx.obj.write(desk.queue.skip, doctor=doctor, position=position, on=day)


@writes(queue, "recall", "clinicctl queue recall MEHTA 3", "clinicctl queue recall MEHTA 3 --next")
def recall(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    move_up: Annotated[bool, typer.Option("--next", help="Let them wait before the others.")] = False,
    day: params.QueueDay = None,
) -> None:
    """Let a skipped patient wait again, behind everyone now waiting."""
    ctx.obj.write(desk.queue.recall, doctor=doctor, position=position, on=day, move_up=move_up or None)


@writes(queue, "hold", "clinicctl queue hold MEHTA 3")
def hold(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Put a waiting patient on hold.

    The position is reserved, and the patient is not called.
    """
    ctx.obj.write(desk.queue.hold, doctor=doctor, position=position, on=day)


@writes(queue, "resume", "clinicctl queue resume MEHTA 3")
def resume(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Let a patient on hold wait again, at the same position."""
    ctx.obj.write(desk.queue.resume, doctor=doctor, position=position, on=day)


@writes(queue, "left", "clinicctl queue left MEHTA 3")
def left(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Mark a patient as left without a consultation."""
    ctx.obj.write(desk.queue.left, doctor=doctor, position=position, on=day)


@writes(queue, "transfer", "clinicctl queue transfer MEHTA 3 --to OKAFOR")
def transfer(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    to: Annotated[
        DoctorRef,
        typer.Option(
            "--to", metavar="CODE", parser=parsers.doctor_ref, autocompletion=params.codes, help="The other doctor."
        ),
    ],
    day: params.QueueDay = None,
) -> None:
    """Transfer a patient to the queue of another doctor, at the next position."""
    ctx.obj.write(desk.queue.transfer, doctor=doctor, position=position, to=to, on=day)


@writes(queue, "priority", "clinicctl queue priority MEHTA 3 5")
def priority(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    level: Annotated[
        int,
        typer.Argument(metavar="LEVEL", parser=parsers.whole("LEVEL", 0, 9), help="0 (normal) to 9 (first)."),
    ],
    day: params.QueueDay = None,
) -> None:
    """Set the priority of a patient in the queue."""
    ctx.obj.write(desk.queue.prioritise, doctor=doctor, position=position, level=level, on=day)


@reads_long(
    queue,
    "board",
    "clinicctl queue board",
    "clinicctl queue board --once",
    "clinicctl queue board --html board.html --once --theme dark",
)
def board(
    ctx: Ctx,
    once: Annotated[bool, typer.Option("--once", help="Print or write the board once, and exit.")] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--every",
            metavar="SECONDS",
            parser=parsers.seconds("--every", 0.2, 3600),
            help="Refresh interval in seconds.  [0.2..3600; default: 2, for a page 5]",
        ),
    ] = None,
    doctor: Annotated[
        list[DoctorRef] | None,
        typer.Option(
            "--doctor",
            metavar="DOCTOR",
            parser=parsers.doctor_ref,
            autocompletion=params.codes,
            help="Only this doctor; repeatable.",
        ),
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page for a television; - for stdout.")
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(
            "--serve", metavar="[HOST:]PORT", help="Serve the page, on this machine only unless told otherwise."
        ),
    ] = None,
    theme: Annotated[
        Theme | None, params.choice("--theme", Theme, help="The colours of the page.  [default: the viewer's]")
    ] = None,
    chime: Annotated[bool, typer.Option("--chime", help="Let the page sound a chime on a new call.")] = False,
    wording: Annotated[
        str | None, typer.Option("--words", metavar="FILE", help="The page's words in another language (TOML).")
    ] = None,
) -> None:
    """Show a full-screen board for the waiting room: positions and doctors, no names.

    With --html or --serve it is a page for a television, refreshed until interrupted: `--html board.html --every 5`,
    `--serve 127.0.0.1:8080`. See `clinicctl help board`.
    """
    doctors = doctor or []
    if html is None and serve is None:
        if theme or chime or wording:
            raise errors.Usage(problem="--theme, --chime and --words need --html or --serve.")
        ctx.obj.watch(desk.queue.board, once=once, every=every or 2, doctors=doctors)
        return
    if serve is not None and (html is not None or once):
        raise errors.Usage(problem=f"--serve cannot be combined with {'--once' if once else '--html'}.")
    from clinicctl.cli import boards  # Deferred: only a page needs it.

    every = every or 5
    make = boards.make_page(
        ctx.obj, every=every, doctors=doctors, words=wording, theme=theme or Theme.AUTO, chime=chime
    )
    if serve is not None:
        boards.serve(ctx.obj, serve, make, every=every)
    elif html is not None:
        boards.write_file(ctx.obj, html, make, every=every, once=once)


def _ask_for_phone(app: AppContext, name: str) -> str | None:
    """Return the phone of a new patient, if the user wants to register one.

    Return None without a terminal, and if somebody on file matches. No phone is an empty text.
    """
    if not app.can_ask() or app.asked_for_json() or not references.is_name(name):
        return None
    found = app.read(desk.patients.list_matching, text=name)
    if any(each.score is None for each in found):
        return None
    if found:
        similar = ", ".join(f"{each.number} {each.name}" for each in found)
        render.message(f"Similar names on file: {similar}.")
    phone = render.prompt(f"Nobody is called {name}. To register them, type a phone or none [Enter cancels]:")
    if not phone:
        raise errors.Cancelled
    return parsers.phone(phone)
