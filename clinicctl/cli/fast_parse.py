"""A quick way to read a command line that is plainly right: for a batch, which reads a million of them.

Click's own way takes ten times what a booking's statements take. What is anything but plain (an unknown option, a value
that is refused, a page of help) is left to Click, which then says the same as ever.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from typing import Any

from typer._click.core import Command, Parameter
from typer._click.types import FuncParamType, IntParamType, StringParamType

from clinicctl import errors, settings
from clinicctl.cli import params
from clinicctl.cli.commands import Group, Reading, common
from clinicctl.cli.params import PERSONAL
from clinicctl.rules import days, references

_NUMBER = re.compile(r"[PAWpaw][0-9]+|[.]")
_OF_DOCTORS = {params.doctor_ref, references.doctor_code}
_OF_TIMES = {days.parse_day, days.parse_days, days.parse_weekdays, days.parse_time}
_OUR_WORDS = {*settings.FORMATS, *(each.name for each in settings.CLINIC)}
_SHORT = 4
"""Digits of a number; more of them may be a phone."""
_BACK = re.compile(r"-[0-9]+[dw]([.,].*)?")

Values = dict[str, Any]
Read = tuple[Callable[..., Any], Values, Values, str]


def read(root: Group, words: Sequence[str]) -> Read | None:
    """Return a command's function, its own values, the common options, and its name; None where Click has to look."""
    command: Command | None = root
    at = 0
    while isinstance(command, Group):
        if at == len(words) or words[at].startswith("-"):
            return None
        command = _named(command, words[at])
        at += 1
    if not isinstance(command, Reading):
        return None
    shape = _shape(command)
    values = shape.read(words[at:])
    return (shape.function, *values, " ".join(words[:at])) if values is not None else None


def without_people(root: Group, words: Sequence[str], codes: Collection[str]) -> list[str] | None:
    """Return a command line with `_` for every word that may be about a person; None for one that is not understood.

    A value stays only where it can be nobody's name: P17, A42, the `.` of the shell, a day or a time, a number, a
    word of our own, one of the doctors' codes. A patient's name may stand where a doctor's code should.
    """
    command: Command | None = root
    at = 0
    while isinstance(command, Group) and at < len(words):
        command = _named(command, words[at])
        at += 1
    if not isinstance(command, Reading):
        return None
    kept = [*words[:at]]
    shape = _shape(command)
    arguments = iter(shape.arguments)
    rest = iter(words[at:])
    for word in rest:
        if word in shape.flags:
            kept.append(word)
            continue
        if word in shape.options:
            kept.append(word)
            _, reader = shape.options[word]
            word = next(rest, "")
        elif word.startswith("-") and not _BACK.fullmatch(word):
            return None
        else:
            _, reader = next(arguments, ("", None))
            if reader is None:
                return None
        kept.append(word if _is_nobody(reader, word, codes) else "_")
    return kept


def _is_nobody(reader: Callable[[str], Any] | None, word: str, codes: Collection[str]) -> bool:
    # An option without a parser here has one of a few fixed values, so the command line was accepted.
    if reader is None or reader in params.FIXED or _NUMBER.fullmatch(word):
        return True
    if reader in _OF_DOCTORS:
        return word.upper() in codes
    if reader in _OF_TIMES:
        try:
            reader(word)
        except errors.BadValue:
            return False
        return True
    return reader not in PERSONAL and (word in _OUR_WORDS or (word.isdecimal() and len(word) <= _SHORT))


@cache
def _named(group: Group, name: str) -> Command | None:
    # Our groups find a command by its name alone; the context is for those that do otherwise.
    return group.get_command(None, name)  # type: ignore[arg-type]


@cache
def _shape(command: Reading) -> "_Shape":
    return _Shape(command)


class _Shape:
    """The names of a command's arguments and options, and how the value of each is read."""

    def __init__(self, command: Reading) -> None:
        self.function: Callable[..., Any] = command.callback.__wrapped__  # type: ignore[union-attr]
        self.arguments = [(str(each.name), _reader(each)) for each in command.own if each.param_type_name == "argument"]
        self.required = {str(each.name) for each in command.own if each.required}
        self.common = {str(each.name) for each in command.params if not each.expose_value}
        self.flags: dict[str, tuple[str, bool]] = {}
        self.options: dict[str, tuple[str, Callable[[str], Any] | None]] = {}
        for each in command.params:
            if getattr(each, "is_flag", False):
                self.flags |= dict.fromkeys(each.opts, (str(each.name), True))
                self.flags |= dict.fromkeys(each.secondary_opts, (str(each.name), False))
            elif each.param_type_name != "argument":
                self.options |= dict.fromkeys(each.opts, (str(each.name), _reader(each)))

    def read(self, words: Sequence[str]) -> tuple[Values, Values] | None:
        """Return the command's own values, and the common options; None for whatever is not plain."""
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
                values[name] = reader(word)
            except Exception:
                # Whatever is wrong with it: Click reads it again, and refuses it in its own words, or shows the bug.
                return None
        if not self.required <= values.keys():
            return None
        flags: Values = {}
        for name in [each for each in values if each in self.common]:
            flags |= common(name, values.pop(name))
        return values, flags


def _reader(param: Parameter) -> Callable[[str], Any] | None:
    """How one value is read, where that needs nothing but the value."""
    if param.nargs != 1 or getattr(param, "multiple", False):
        return None
    if isinstance(param.type, FuncParamType):
        return param.type.func
    if isinstance(param.type, IntParamType | StringParamType):
        return partial(param.type.convert, param=param, ctx=None)
    return None
