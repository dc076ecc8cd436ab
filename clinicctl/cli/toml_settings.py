"""Read the settings in a TOML file, and refuse wrong ones with their line."""

import re
from typing import Any

from clinicctl.errors import BadValue
from clinicctl.settings import COMMAND, Configuration, Configured

_AT_LINE = re.compile(r"at line ([0-9]+)")


def parse(path: str, content: bytes) -> Configuration:
    """Return settings from a TOML file; refuse invalid TOML with its line."""
    import tomllib  # Deferred: needed only with a configuration file.

    text = content.decode("utf-8", "replace")
    try:
        found = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _bad_line(path, content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    except RecursionError:
        raise _bad_line(path, _deepest(text), "nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        raise _bad_line(path, int(line[1]) if line else text.count("\n") + 1, "not TOML") from None
    names = [each.name for each in COMMAND if each.name in found]
    return {name: _configured(path, name, found[name], _line_of(text, name)) for name in names}


def _configured(path: str, name: str, value: Any, line: int) -> Configured:
    is_number = name == "wait" and isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number or isinstance(value, str)):
        raise _bad_line(path, line, f"{name} must be {'a number' if name == 'wait' else 'a text in quotes'}")
    if "\0" in str(value):
        raise _bad_line(path, line, f"{name} contains a NUL character")
    return Configured(str(value), f"{path}, line {line}: {name}")


def _bad_line(path: str, line: int, problem: str) -> BadValue:
    return BadValue(problem=f"{path}, line {line}: {problem}.")


def _line_of(text: str, name: str) -> int:
    """Return the line of a key in its usual spelling, for a message; else 1."""
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{name}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _deepest(text: str) -> int:
    """Return the number of the line with the most brackets."""
    depths = [line.count("[") + line.count("{") for line in text.split("\n")]
    return depths.index(max(depths)) + 1
