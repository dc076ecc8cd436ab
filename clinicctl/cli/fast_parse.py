"""Parse simple command lines fast, for a batch with a million of them.

Click's parser takes ten times as long as the statements of a booking. Anything that is not simple (an unknown option, a
refused value, a help page) is left to Click, so that the messages are the same.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from typing import Any

from clinicctl import errors, settings
from clinicctl.cli import parsers
from clinicctl.cli.click_names import Command, FuncParamType, IntParamType, Parameter, StringParamType
from clinicctl.cli.commands import DAYS_BACK, Group, Reading, common, first_name
from clinicctl.cli.parsers import PERSONAL
from clinicctl.rules import days, references, series
from clinicctl.rules.times import parse_time

_NUMBER = re.compile(r"[PAWpaw][0-9]+|[.]")
_OF_DOCTORS = {parsers.doctor_ref, references.doctor_code}
_OF_TIMES = {
    days.parse_day,
    days.parse_days,
    days.parse_weekdays,
    series.parse_every,
    parse_time,
    parsers.time_or_none,
    parsers.days_or_doctor,
}
_OUR_WORDS = {*settings.FORMATS, *(each.name for each in settings.CLINIC)}
_DEEPEST = 3
"""The most words of a command's name."""
_SHORT = 4
"""The most digits of a plain number. A longer one may be a phone."""

Values = dict[str, Any]
Read = tuple[Callable[..., Any], Values, Values, str]


def read(root: Group, words: Sequence[str]) -> Read | None:
    """Return a command's function, its values, the common options, and its name.

    Return None if Click must parse.
    """
    command, at = _find(root, words)
    if command is None:
        return None
    shape = _shape(command)
    values = shape.read(words[at:])
    return (shape.function, *values, first_name(" ".join(words[:at]))) if values is not None else None


def may_be_long(root: Group, line: bytes) -> bool:
    """Return whether a line names a command that may read very much."""
    command: Command | None = root
    for word in line.split(None, _DEEPEST)[:_DEEPEST]:
        command = _named(command, word.decode("ascii", "replace")) if isinstance(command, Group) else command
    return isinstance(command, Reading) and command.may_be_long


def without_people(root: Group, words: Sequence[str], codes: Collection[str]) -> list[str] | None:
    """Return a command line with `_` for every word that may be personal.

    Return None if it is not understood.

    Only values that cannot be a name remain: P17, A42, the `.` of the shell, a day or a time, a number, a word of our
    own, or a doctor's code. An argument for a doctor may be a patient's name typed in the wrong place.
    """
    command, at = _find(root, words)
    if command is None:
        return None
    safe = [*words[:at]]
    shape = _shape(command)
    arguments = iter(shape.arguments)
    rest = iter(words[at:])
    for word in rest:
        if word in shape.flags:
            safe.append(word)
            continue
        if word in shape.options:
            safe.append(word)
            _, reader = shape.options[word]
            word = next(rest, "")
        elif word.startswith("-") and not DAYS_BACK.fullmatch(word):
            return None
        else:
            _, reader = next(arguments, ("", None))
            if reader is None:
                return None
        safe.append(word if _is_nobody(reader, word, codes) else "_")
    return safe


def _is_nobody(reader: Callable[[str], Any] | None, word: str, codes: Collection[str]) -> bool:
    # An option without a parser has fixed values, so that an accepted value cannot be a name.
    if reader is None or reader in parsers.FIXED or _NUMBER.fullmatch(word):
        return True
    if reader in _OF_DOCTORS or (reader is parsers.days_or_doctor and not days.are_days(word)):
        return word.upper() in codes
    if reader in _OF_TIMES:
        try:
            reader(word)
        except errors.BadValue:
            return False
        return True
    return reader not in PERSONAL and (word in _OUR_WORDS or (word.isdecimal() and len(word) <= _SHORT))


def _find(root: Group, words: Sequence[str]) -> tuple[Reading | None, int]:
    """Return the command that a line names, and the number of words of its name.

    It is None if the line names none, or has an option within the name.
    """
    command: Command | None = root
    for at, word in enumerate(words):
        if not isinstance(command, Group):
            break
        if (inside := _named(command, word)) is None and not word.startswith("-"):
            return command.itself, at
        command = inside
    else:
        at = len(words)
        command = command.itself if isinstance(command, Group) else command
    return (command, at) if isinstance(command, Reading) else (None, 0)


@cache
def _named(group: Group, name: str) -> Command | None:
    # Our groups find a command by its name alone, and do not use the context.
    return group.get_command(None, name)  # type: ignore[arg-type]


@cache
def _shape(command: Reading) -> "_Shape":
    return _Shape(command)


class _Shape:
    """The arguments and options of a command, and the parser of each."""

    def __init__(self, command: Reading) -> None:
        self.function: Callable[..., Any] = command.callback.__wrapped__  # type: ignore[union-attr]
        self.arguments = [(str(each.name), _reader(each)) for each in command.own if each.param_type_name == "argument"]
        self.required = {str(each.name) for each in command.own if each.required}
        self.common = {str(each.name) for each in command.params if not each.expose_value}
        self.flags: dict[str, tuple[str, bool]] = {}
        self.repeatable = {str(each.name) for each in command.own if getattr(each, "multiple", False)}
        self.options: dict[str, tuple[str, Callable[[str], Any] | None]] = {}
        for each in command.params:
            if getattr(each, "is_flag", False):
                self.flags |= dict.fromkeys(each.opts, (str(each.name), True))
                self.flags |= dict.fromkeys(each.secondary_opts, (str(each.name), False))
            elif each.param_type_name != "argument":
                self.options |= dict.fromkeys(each.opts, (str(each.name), _reader(each)))

    def read(self, words: Sequence[str]) -> tuple[Values, Values] | None:
        """Return the command's own values, and the common options.

        Return None if Click must parse.
        """
        values: Values = {}
        arguments = iter(self.arguments)
        rest = iter(words)
        for word in rest:
            if flag := self.flags.get(word):
                values[flag[0]] = flag[1]
                continue
            if word.startswith("-"):
                name, reader = self.options.get(word, ("", None))
                word = next(rest, "-")
            else:
                name, reader = next(arguments, ("", None))
            if reader is None or word.startswith("-"):
                return None
            try:
                if name in self.repeatable:
                    values.setdefault(name, []).append(reader(word))
                else:
                    values[name] = reader(word)
            except Exception:
                # Click parses it again, and reports the error or the bug.
                return None
        if not self.required <= values.keys():
            return None
        flags: Values = {}
        for name in [each for each in values if each in self.common]:
            flags |= common(name, values.pop(name))
        return values, flags


def _reader(param: Parameter) -> Callable[[str], Any] | None:
    """Return the parser of one value, if it needs nothing else."""
    if param.nargs != 1:
        return None
    if isinstance(param.type, FuncParamType):
        return param.type.func
    if isinstance(param.type, IntParamType | StringParamType):
        return partial(param.type.convert, param=param, ctx=None)
    return None
