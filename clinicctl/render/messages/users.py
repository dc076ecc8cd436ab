"""Sentences about users."""

from collections.abc import Callable
from typing import Any

from clinicctl.render.messages.base import Report
from clinicctl.results.users import User, UserAdded, UserRemoved


def _user(each: User) -> str:
    return f"the user {each.name}, {each.role}{f' of {each.doctor}' if each.doctor else ''}."


def _added(each: UserAdded, _command: str) -> Report:
    if not each.created:
        return Report("Unchanged:", "not change", _user(each))
    first = f" The first user is {each.made_manager}, manager." if each.made_manager else ""
    return Report("Added", "add", f"{_user(each)}{first}")


def _changed(each: User, _command: str) -> Report:
    return Report("Changed", "change", _user(each))


def _removed(each: UserRemoved, _command: str) -> Report:
    return Report("Removed", "remove", _user(each))


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    UserAdded: _added,
    User: _changed,
    UserRemoved: _removed,
}
