"""The kinds of commands (reading, writing, groups), and their common options."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from clinicctl import render, settings
from clinicctl.cli.click_names import Command, Context, Parameter, get_current_context

T = TypeVar("T")

DAYS_BACK = re.compile(r"-[0-9]+[dw]([.,].*)?")
"""A day before today as an argument, like `-1d`."""


SECOND_NAMES = {
    "cancel": "appointment cancel",
    "move": "appointment move",
    "reschedule": "appointment move",
    "no-show": "appointment no-show",
    "next": "queue next",
    "register": "patient add",
}
"""Second names at the top level, for the commands that are typed most."""


def first_name(words: str) -> str:
    """Return the words of a command by its first name, as in the journal."""
    group, _, rest = words.partition(" ")
    return SECOND_NAMES.get(words) or (f"appointment {rest}" if group == "appt" else words)


# The options of every command, before its name or after


def _store_common(ctx: Context, param: Parameter, value: Any) -> None:
    if value is not None and param.name is not None:
        ctx.obj.flags |= common(param.name, value)


def common(name: str, value: Any) -> dict[str, Any]:
    """Return the flag that a common option sets.

    `--json` means `-o json`. Refuses an unknown format.
    """
    if name == "output":
        settings.output(value)
    return {"output": "json"} if name == "json" else {name: value}


def _common(*, hidden: bool = False) -> list[TyperOption]:
    return [
        # Parsed before the arguments, because some are files that must not be the database.
        _option("--db", metavar="PATH|URL", first=True, hidden=hidden, help="The database file.  [env: CLINICCTL_DB]"),
        _option(
            *("--output", "-o"),
            metavar="FORMAT",
            hidden=hidden,
            help="Output format: table, json, jsonl, csv or tsv.",
            complete=_formats,
        ),
        _option("--json", flag=True, hidden=hidden, help="Same as -o json."),
        _option("--header", flag=True, hidden=hidden, help="Print a header line in TSV."),
        _option("--excel-safe", flag=True, hidden=hidden, help="Neutralise spreadsheet formulas in CSV and TSV."),
        _option("--quiet", "-q", flag=True, hidden=hidden, help="Print only errors and requested results."),
        _option("--no-input", flag=True, hidden=hidden, help="Never ask a question.  [env: CLINICCTL_NO_INPUT]"),
        _option("--wait", metavar="SECONDS", hidden=hidden, help="Maximum wait for the write lock.  [default: 20]"),
        _option(
            "--actor",
            metavar="NAME",
            hidden=hidden,
            help="Your name in the journal.  [default: login or role]",
        ),
    ]


def _writing(*, hidden: bool = False) -> list[TyperOption]:
    return [
        _option("--key", metavar="KEY", hidden=hidden, help="Idempotency key: the same key writes only once."),
        _option("--dry-run", "-n", flag=True, hidden=hidden, help="Show what would be written, without writing it."),
        _option("--yes", "-y", flag=True, hidden=hidden, help="Answer yes to every question."),
    ]


def _option(
    *names: str,
    metavar: str | None = None,
    flag: bool = False,
    first: bool = False,
    hidden: bool,
    help: str,
    complete: Callable[[str], list[str]] | None = None,
) -> TyperOption:
    return TyperOption(
        autocompletion=complete and (lambda _ctx, _args, incomplete: complete(incomplete)),
        param_decls=[names[0].lstrip("-").replace("-", "_"), *names],
        metavar=metavar,
        is_flag=flag or None,
        is_eager=first,
        default=None,
        expose_value=False,
        callback=_store_common,
        hidden=hidden,
        help=help,
    )


def _with_checked_output(help_option: TyperOption | None) -> TyperOption | None:
    """Return Click's help option, printing through `render`."""
    if help_option is not None:
        help_option.callback = _help
    return help_option


def _help(ctx: Context, _param: Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        render.text(f"{ctx.get_help()}\n")
        ctx.exit()


class Reading(TyperCommand):
    """A command with the common options, and examples at the end of its help."""

    may_be_long = False
    """Whether it only reads, and may read very much: then it does not wait for its turn under the lock of a batch."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        self.own = params or []
        super().__init__(*args, params=[*self.own, *self.options()], **kwargs)

    def options(self) -> list[TyperOption]:
        """Return the common options of this kind of command."""
        return _common()

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _with_checked_output(super().get_help_option(ctx))

    def get_help(self, ctx: Context) -> str:
        # A command that is also a group has one page of help.
        return super().get_help(ctx) if ctx.info_name or ctx.parent is None else ctx.parent.get_help()

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        ctx.obj.command = first_name(ctx.command_path.strip().partition(" ")[2])
        return super().parse_args(ctx, self._with_days_back(args))

    def _with_days_back(self, args: Sequence[str]) -> list[str]:
        """Write arguments like `-1d` with a minus sign, so that they are no options."""
        valued = {name for each in self.params if not getattr(each, "is_flag", False) for name in each.opts}
        return [
            f"\u2212{each[1:]}" if DAYS_BACK.fullmatch(each) and not (at and args[at - 1] in valued) else each
            for at, each in enumerate(args)
        ]

    def format_options(self, ctx: Context, formatter: Any) -> None:
        records = {each: each.get_help_record(ctx) for each in self.get_params(ctx)}
        arguments = [each for each in self.own if each.param_type_name == "argument"]
        options = [each for each in self.own if each.param_type_name != "argument"]
        common = [each for each in records if each not in self.own]
        for title, params in (("Arguments", arguments), ("Options", options), ("Common options", common)):
            if rows := [record for each in params if (record := records[each]) is not None]:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: Context, formatter: Any) -> None:
        _format_examples(self.epilog, formatter)


class LongReading(Reading):
    """A command that may read very much."""

    may_be_long = True


class Exporting(LongReading):
    """A command that writes a file for other programs, with an --output of its own."""

    def options(self) -> list[TyperOption]:
        return [each for each in _common() if each.name not in ("output", "header")]


class Writing(Reading):
    """A command that writes, with --key, --dry-run and --yes."""

    def options(self) -> list[TyperOption]:
        return [*_writing(), *_common()]


class Group(TyperGroup):
    """A group of commands, which takes the common options before the command's name."""

    itself: Reading | None = None
    """The command of the group's own name. It gets every line that names no command of the group."""

    def __init__(self, *args: Any, params: list[Any] | None = None, name: str | None = None, **kwargs: Any) -> None:
        hidden = name != "clinicctl"
        extra = [*_common(hidden=hidden), *_writing(hidden=True)]
        super().__init__(*args, name=name, params=[*(params or []), *extra], **kwargs)

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _with_checked_output(super().get_help_option(ctx))

    def take_own(self, command: Reading) -> None:
        """Take the command of the group's own name."""
        self.itself, self.no_args_is_help, self.invoke_without_command = command, False, True
        self.callback = self._run_itself

    def _run_itself(self) -> None:
        ctx = get_current_context()
        if self.itself is not None and ctx.invoked_subcommand is None:
            with self.itself.make_context("", [], parent=ctx) as own:
                self.itself.invoke(own)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        if self.itself is not None and self.get_command(ctx, args[0]) is None:
            return "", self.itself, args
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        return self.itself.collect_usage_pieces(ctx) if self.itself is not None else super().collect_usage_pieces(ctx)

    def format_options(self, ctx: Context, formatter: Any) -> None:
        if self.itself is None:
            super().format_options(ctx, formatter)
        else:
            self.format_commands(ctx, formatter)
            self.itself.format_options(ctx, formatter)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[Any]:
        first = [each for each in self.itself.own if each.param_type_name == "argument"][:1] if self.itself else []
        return super().shell_complete(ctx, incomplete) + [
            found for each in first for found in each.shell_complete(ctx, incomplete)
        ]

    def format_epilog(self, ctx: Context, formatter: Any) -> None:
        _format_examples(self.epilog, formatter)


def group(name: str, help: str, *examples: str) -> typer.Typer:
    """Return a new group of commands."""
    return typer.Typer(
        name=name, cls=Group, help=help, epilog="\n".join(examples), no_args_is_help=True, rich_markup_mode=None
    )


def reads(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that reads, with its examples."""
    return app.command(name, cls=Reading, epilog="\n".join(examples))


def reads_long(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that may read very much, with its examples."""
    return app.command(name, cls=LongReading, epilog="\n".join(examples))


def exports(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that exports, with its examples."""
    return app.command(name, cls=Exporting, epilog="\n".join(examples))


def writes(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that writes, with its examples."""
    return app.command(name, cls=Writing, epilog="\n".join(examples))


def _format_examples(epilog: str | None, formatter: Any) -> None:
    if epilog:
        with formatter.section("Examples"):
            for line in epilog.splitlines():
                formatter.write(f"  {line}\n")


def _formats(incomplete: str) -> list[str]:
    return [each for each in settings.FORMATS if each.startswith(incomplete)]
