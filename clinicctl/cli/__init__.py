"""The command tree, and the only place where an error becomes an exit status.

A command's module is imported when the command is named, so that `--help` and `--version` start fast. The tree repeats
the first line of each command's help; a test compares the two.
"""

import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command_from_info, get_group

from clinicctl import __version__, clock, errors, interrupts, settings
from clinicctl.cli.click_names import (
    ClickException,
    Command,
    Context,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)
from clinicctl.cli.commands import SECOND_NAMES, Group, Reading
from clinicctl.cli.context import AppContext, Ctx
from clinicctl.cli.reporting import READER_GONE

PROGRAM = "clinicctl"

_OPTION = re.compile("--?[a-z][a-z0-9-]{0,39}")

TREE = {
    "init": ("clinic", "Create the clinic's database and its folder."),
    "config": ("config", "Show or set the clinic's settings, holidays and kinds of visit."),
    "demo": ("clinic", "Create a database with the data of a sample clinic day."),
    "health": ("clinic", "Check whether the database can be used."),
    "patient": ("patients", "Patients: register, find, edit, merge."),
    "doctor": ("doctors", "Doctors and their days."),
    "book": ("bookings", "Book a patient with a doctor for a day."),
    "appointment": ("bookings", "Appointments: show, list, edit, move, cancel, no-show, history."),
    "appt": ("bookings", "Short name of `appointment`."),
    "checkin": ("queue", "Check in a patient, and assign the next position in the queue."),
    "walkin": ("queue", "Book a patient for today, and check in."),
    "queue": ("queue", "The queue of a doctor's day: show, call, start, done, skip, transfer."),
    "ticket": ("paper", "Show or print a slip: position, doctor and expected time, no name."),
    "day": ("daybook", "Show the day sheet: every slot of every doctor."),
    "free": ("daybook", "List the next days with a free slot, for a doctor or a specialty."),
    "waitlist": ("daybook", "The waitlist for free slots: add, list, remove, promote."),
    "status": ("daybook", "List open problems, each with the command that fixes it."),
    "close": ("daybook", "Close a day: booked becomes no-show, waiting left, in consultation completed."),
    "outbox": ("outbox", "Messages to patients: list, show, preview, next, sent, failed, run."),
    "batch": ("batch", "Run one command per line in one process, and answer each with a line of JSON."),
    "shell": (
        "shell",
        "Run commands at a prompt, with completion and . for the last patient.",
    ),
    "audit": ("audit", "The journal of all changes: log, verify."),
    "export": ("exports", "Write patients, doctors, days, visits or the journal for other programs."),
    "report": ("reports", "Reports: day, utilisation, waits, no-shows, lead time, load, doctors, changes, reminders."),
    "metrics": ("metrics", "Print metrics for Prometheus, or write them to a file for its collector."),
    "user": ("users", "Users and their roles: add, list, edit, remove."),
    "db": ("db", "The database: check, back up, restore, move, migrate, compact, share."),
    "away": ("doctors", "Set a doctor absent: the same as doctor avail set --absent."),
    "undo": ("daybook", "Undo the last change of a booking, a queue, a doctor's days, or a merge."),
    "help": ("help", "Show a command's help or a reference page, or list the pages."),
    "version": ("help", "Show the version."),
}
_ALIASES = {"appt": "appointment"}
_PARTLY_DONE, _SIGNALLED = 3, 128
"""The exit status without an error message, and the base of the statuses of signals."""
_STOPPED: dict[int, type[errors.Interrupted]] = {
    signal.SIGINT: errors.Stopped,
    signal.SIGTERM: errors.Terminated,
    signal.SIGHUP: errors.HungUp,
}


class Root(Group):
    """The root of the tree.

    It loads a command when it is named, and returns its exit status.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.loaded: dict[str, Command | None] = {}
        super().__init__(*args, **kwargs)

    def list_commands(self, ctx: Context) -> list[str]:
        return [*TREE, *SECOND_NAMES]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name in SECOND_NAMES:
            group, _, name = SECOND_NAMES[cmd_name].partition(" ")
            inside = self.get_command(ctx, group)
            return inside.get_command(ctx, name) if isinstance(inside, Group) else None
        if cmd_name not in self.loaded:
            self.loaded[cmd_name] = self._load(cmd_name)
        return self.loaded[cmd_name]

    def _load(self, cmd_name: str) -> Command | None:
        if cmd_name not in TREE:
            return None
        module = import_module(f"clinicctl.cli.{TREE[cmd_name][0]}")
        name = _ALIASES.get(cmd_name, cmd_name)
        named = [each for each in getattr(module, "app", typer.Typer()).registered_commands if each.name == name]
        command = (
            get_command_from_info(named[0], pretty_exceptions_short=True, rich_markup_mode=None) if named else None
        )
        if (group := getattr(module, "GROUPS", {}).get(name)) is None:
            assert command is not None, name
            return command
        found = get_group(group)
        if isinstance(found, Group) and isinstance(command, Reading):
            found.take_own(command)
        return found

    def format_commands(self, ctx: Context, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in TREE.items()])
        with formatter.section("Second names"):
            formatter.write_dl([(name, f"The same as `{first}`.") for name, first in SECOND_NAMES.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command line.

        Exits with its status, or returns it if `standalone_mode` is off.
        """
        try:
            self._main_shell_completion({"obj": AppContext()}, PROGRAM, complete_var)
        except BrokenPipeError:
            return READER_GONE
        except Exception:
            # The shell may ask for completions of an incomplete line, such as one with an open quote.
            return 0
        status = answer(self, [_utf8(each) for each in (sys.argv[1:] if args is None else args)], AppContext())
        if standalone_mode:
            sys.exit(status)
        return status


app = typer.Typer(
    name=PROGRAM,
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from clinicctl import render  # Deferred: an error without memory is reported before it is loaded.

        render.text(f"{PROGRAM} {__version__}\n")
        raise typer.Exit


@app.callback(epilog="clinicctl demo --db demo.db\nclinicctl book P1 MEHTA tomorrow\nclinicctl book --help")
def root(
    ctx: Ctx,
    version: bool = typer.Option(
        False, "--version", "-V", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Run the front desk of a clinic: patients, doctors, booking, check-in, queue.

    Every command takes the common options below, before or after its name. Exit statuses: 0 done, 2 usage, 3 partly
    done, 4 not found, 5 ambiguous, 6 conflict, 7 refused by a rule, 10 no usable database, 11 busy (try again), 12
    outcome unknown (repeat with the same --key), 65 bad file, 74 input or output failed.
    """


def run(args: Sequence[str] | None = None) -> int:
    """Run the program with arguments, flush the output, and return the exit status."""
    try:
        interrupts.listen()
        clock.shift(settings.clock_shift(os.environ))
        status = app(args=args, standalone_mode=False)
    except errors.Refusal as refused:
        status = _refuse(refused, args)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 0
    except interrupts.Interrupt as stopped:
        status = _refuse(_stopped(stopped.number), args)
    except MemoryError:
        status = _refuse(errors.OutOfMemory(), args)
    status = int(status or 0)
    if (late := interrupts.last()) is None or status > _SIGNALLED or status == errors.OutcomeUnknown.status:
        return status
    stop = _stopped(late)
    return _refuse(stop, args) if status in (0, _PARTLY_DONE) else stop.status


def _refuse(refused: errors.Refusal, args: Sequence[str] | None) -> int:
    """Print an error from outside of any command, and return its exit status."""
    context = AppContext()
    context.args = list(sys.argv[1:] if args is None else args)
    return context.refuse(refused)


def _stopped(number: int) -> errors.Interrupted:
    interrupts.acknowledge()
    return _STOPPED[number]()


def answer(root: Group, args: list[str], context: AppContext) -> int:
    """Run one command line, and return its exit status. Every error is printed here."""
    context.args = list(args)
    try:
        context.run(root, args)
        return context.finish(0)
    except typer.Exit as left:
        return context.finish(left.exit_code)
    except errors.Refusal as refused:
        return context.refuse(refused)
    except NoArgsIsHelpError as asked:
        return context.help(asked.format_message())
    except ClickException as error:
        return context.refuse(_usage(error))
    except (typer.Abort, EOFError):
        return context.refuse(errors.Cancelled())
    except interrupts.Interrupt as stopped:
        return context.refuse(_stopped(stopped.number))
    except MemoryError:
        return context.refuse(errors.OutOfMemory(hint=context.how_to_read_again()))
    except Exception as bug:
        # A bug is reported by a reference, because its text may contain personal data.
        return context.refuse(context.internal(bug))


def _utf8(arg: str) -> str:
    """Return an argument as UTF-8, even if a C locale made it ASCII."""
    if any("\udc80" <= each <= "\udcff" for each in arg):
        return os.fsencode(arg).decode("utf-8", "surrogateescape")
    return arg


def _usage(error: ClickException) -> errors.Refusal:
    """Return the error for a command line that Click refused, without personal data."""
    ctx = error.ctx if isinstance(error, UsageError) else None
    path = ctx.command_path.strip() if ctx else PROGRAM
    hint = f"See `{path} --help`."
    if isinstance(error, NoSuchOption):
        near = [each for each in error.possibilities or () if each.startswith("--")]
        return errors.Usage(
            problem=f"No such option: {error.option_name}."
            if _OPTION.fullmatch(error.option_name)
            else "No such option.",
            hint=f"Did you mean {' or '.join(near)}?" if near else hint,
        )
    if isinstance(error, MissingParameter) and error.param is not None:
        kind = error.param.param_type_name
        return errors.Usage(problem=f"Missing {kind} {_name(error)}.", hint=hint)
    message = error.message
    if message.startswith("No such command"):
        word, near = _near_command(ctx, message)
        return errors.Usage(
            # A word that resembles no command may be a name.
            problem=f"No such command: {word}." if errors.near(word, near) else "No such command.",
            hint=f"Did you mean {' or '.join(near)}?" if near else hint,
        )
    if message.startswith("Got unexpected extra argument"):
        return errors.Usage(problem="Too many arguments.", hint=f"Put words with spaces in quotes. {hint}")
    if message.startswith("Missing command"):
        return errors.Usage(problem="Missing command.", hint=hint)
    if isinstance(error, UsageError) and getattr(error, "param", None) is not None:
        return errors.Usage(problem=f"{_name(error)}: invalid value.", hint=hint)
    if (option := getattr(error, "option_name", None)) and "requires an argument" in message:
        return errors.Usage(problem=f"{option} needs a value.", hint=hint)
    return errors.Usage(problem="Invalid command line.", hint=hint)


def _name(error: Any) -> str:
    option = next((each for each in error.param.opts if each.startswith("--")), None)
    return str(option or error.param.metavar or error.param.name.upper())


def _near_command(ctx: Context | None, message: str) -> tuple[str, list[str]]:
    """Return the unknown command, and the commands with a similar name."""
    from difflib import get_close_matches

    word = message.partition("'")[2].partition("'")[0]
    if ctx is None or not isinstance(ctx.command, Group):
        return word, []
    return word, get_close_matches(word, ctx.command.list_commands(ctx))
