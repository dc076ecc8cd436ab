"""Commands for the outbox: the messages to patients, and the senders that fetch them."""

from typing import Annotated

import typer

from clinicctl import desk
from clinicctl.cli import params
from clinicctl.cli.commands import group, reads, reads_long, writes
from clinicctl.cli.context import Ctx
from clinicctl.cli.parsers import MOST, personal
from clinicctl.rules import text
from clinicctl.rules.days import DayWord
from clinicctl.rules.messages import MessageKey, parse_key, parse_span
from clinicctl.statuses import Channel, MessageState

app = typer.Typer()
outbox = group(
    "outbox",
    "Messages to patients: list, show, preview, next, sent, failed, run.",
    "clinicctl outbox list --due",
    "clinicctl outbox next --limit 20 --channel sms --json",
    "clinicctl outbox sent A17-reminder-1440 --ref SM123",
    "clinicctl outbox run --exec send-sms",
)
GROUPS = {"outbox": outbox}

LEASE = 300
"""Seconds of a lease."""

Message = Annotated[
    MessageKey,
    typer.Argument(metavar="ID", parser=parse_key, help="The message's id, as in the list: A17-reminder-1440."),
]
Attempt = Annotated[
    int | None,
    params.count("--attempt", 1, MOST, help="The attempt that the sender got; refused if there is a later one."),
]


@reads_long(
    outbox,
    "list",
    "clinicctl outbox list --state pending",
    "clinicctl outbox list --due -o jsonl",
    "clinicctl outbox list --patient P17",
)
def list_(
    ctx: Ctx,
    state: Annotated[
        list[MessageState] | None, params.choice("--state", MessageState, help="Only this state; repeatable.")
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only what a sender would get now.")] = False,
    day: params.DaysOption = None,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    limit: params.Limit = None,
) -> None:
    """List messages, those that are due first come first.

    --day is the day of the visit.
    """
    ctx.obj.show(
        ctx.obj.read_list(
            desk.outbox.iter_matching,
            state=tuple(state or ()),
            due=due,
            on=day,
            doctor=doctor,
            patient=patient,
            limit=limit,
        )
    )


@reads(outbox, "show", "clinicctl outbox show A17-reminder-1440")
def show(ctx: Ctx, message: Message) -> None:
    """Show a message with its text as it would be now.

    A sender that has leased it may ask again before it sends: `gone` says why it should not be sent any more.
    """
    ctx.obj.show(ctx.obj.read(desk.outbox.show, message=message))


@reads_long(outbox, "preview", "clinicctl outbox preview", "clinicctl outbox preview today --json")
def preview(ctx: Ctx, day: params.Day = DayWord("tomorrow")) -> None:
    """Show the messages that go out on a day, with their texts. Nothing is leased.

    Without a day, tomorrow's. Later bookings and changes add to them.
    """
    if off := ctx.obj.read(desk.outbox.why_off):
        ctx.obj.note(off)
    ctx.obj.show(ctx.obj.read_list(desk.outbox.preview, on=day))


@writes(
    outbox,
    "next",
    "clinicctl outbox next --json",
    "clinicctl outbox next --limit 50 --channel email --lease 10m -o jsonl",
)
def next_(
    ctx: Ctx,
    limit: Annotated[int, params.count("--limit", 1, 1_000, help="At most so many messages.")] = 10,
    channel: Annotated[
        Channel | None, params.choice("--channel", Channel, help="Only messages on this channel.")
    ] = None,
    lease: Annotated[
        int | None,
        typer.Option(
            "--lease",
            metavar="TIME",
            parser=parse_span,
            help="How long nobody else gets them: 90s, 10m.  [default: 5m]",
        ),
    ] = None,
) -> None:
    """Hand out messages that are due, each to one sender, with phone and text.

    Tell what became of each with `outbox sent` or `outbox failed`. Without an answer it is due again when the lease
    ends. If nothing is due, nothing is written.
    """
    if ctx.obj.settings.key is None and (why := ctx.obj.read(desk.outbox.why_nothing)) is not None:
        if why:
            ctx.obj.note(why)
        ctx.obj.show(ctx.obj.read(desk.outbox.nothing))
        return
    ctx.obj.write(desk.outbox.hand_out, limit=limit, channel=channel, lease=lease or LEASE)


@writes(
    outbox,
    "sent",
    "clinicctl outbox sent A17-reminder-1440",
    "clinicctl outbox sent A17-reminder-1440 --ref SM123 --attempt 1 --key sent-SM123",
)
def sent(
    ctx: Ctx,
    message: Message,
    ref: Annotated[
        str | None,
        typer.Option("--ref", metavar="TEXT", parser=personal(text.ref), help="The provider's name for it."),
    ] = None,
    attempt: Attempt = None,
) -> None:
    """Record that a message was sent. It is never handed out again."""
    ctx.obj.write(desk.outbox.mark_sent, message=message, ref=ref, attempt=attempt)


@writes(
    outbox,
    "failed",
    "clinicctl outbox failed A17-reminder-1440 --reason 'no answer' --retry-in 10m",
    "clinicctl outbox failed A17-reminder-1440 --reason 'unknown number' --give-up",
)
def failed(
    ctx: Ctx,
    message: Message,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", parser=personal(text.ref), help="Why it was not sent.")
    ],
    retry_in: Annotated[
        int | None,
        typer.Option(
            "--retry-in", metavar="TIME", parser=parse_span, help="When it is due again.  [default: 1m, 4m, 16m, 64m]"
        ),
    ] = None,
    give_up: Annotated[bool, typer.Option("--give-up", help="Do not try again.")] = False,
    attempt: Attempt = None,
) -> None:
    """Record that an attempt has failed. The message is due again later.

    After five attempts, or with --give-up, it has failed for good.
    """
    ctx.obj.write(
        desk.outbox.mark_failed,
        message=message,
        reason=reason,
        retry_in=retry_in,
        give_up=give_up or None,
        attempt=attempt,
    )


@reads(
    outbox,
    "run",
    "clinicctl outbox run --exec 'send-sms --from NORTH' --channel sms",
    "clinicctl outbox run --smtp smtp://desk@mail.example.org --from desk@example.org --secret-file smtp.secret",
    "clinicctl outbox run --webhook https://sms.example.org/messages --secret-file hook.secret",
)
def run(
    ctx: Ctx,
    exec_: Annotated[
        str | None,
        typer.Option("--exec", metavar="COMMAND", help="Run this program for each message: JSON on its input."),
    ] = None,
    smtp: Annotated[
        str | None, typer.Option("--smtp", metavar="URL", help="Send e-mail: smtp://USER@HOST or smtps://USER@HOST.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option("--webhook", metavar="URL", help="Post signed JSON to this HTTPS address.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="The sender of e-mail: 'Clinic <desk@example.org>'.")
    ] = None,
    secret_file: Annotated[
        str | None,
        typer.Option(
            "--secret-file",
            metavar="FILE",
            help="The password of --smtp or the secret of --webhook.  [env: CLINICCTL_OUTBOX_SECRET]",
        ),
    ] = None,
    ca: Annotated[
        str | None,
        typer.Option("--ca", metavar="FILE", help="Trust these certificates (PEM) instead of the system's."),
    ] = None,
    channel: Annotated[
        Channel | None, params.choice("--channel", Channel, help="Only messages on this channel.")
    ] = None,
    limit: Annotated[
        int | None, params.count("--limit", 1, MOST, help="At most so many messages.  [default: all that are due]")
    ] = None,
    timeout: Annotated[int, params.count("--timeout", 1, 600, help="Seconds that one message may take.")] = 30,
) -> None:
    """Send the messages that are due, and end: for cron.

    Nothing is locked while it sends. A message that fails is due again later; `clinicctl help sending` has the exit
    statuses of programs, the signature, and lines for cron. Exit status 0 if all were sent, 3 if some were not, 74 if
    nothing can be sent now. SIGTERM finishes the message in hand, and gives the others back.
    """
    from clinicctl.cli import sending  # Deferred: only a run needs senders.

    sending.run(
        ctx.obj,
        sending.Options(exec_, smtp, webhook, from_, secret_file, ca, channel, timeout),
        limit=limit,
    )
