"""Sentences about messages to patients."""

from collections.abc import Callable
from typing import Any

from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import count
from clinicctl.results.outbox import OutboxMessage, Template
from clinicctl.statuses import MessageState


def _message(each: OutboxMessage, _command: str) -> Report:
    if each.state is MessageState.SENT:
        return Report("Marked", "mark", f"{each.id} as sent.")
    tries = f"{each.id} as failed, after {count(each.attempts, 'attempt')}"
    if each.due is None:
        return Report("Marked", "mark", f"{tries}. It is not tried again.")
    return Report("Marked", "mark", f"{tries}. It is due again at {each.due:%Y-%m-%d %H:%M}.")


def _template(each: Template, command: str) -> Report:
    what = f"the text of {each.kind} in {each.language}"
    if command == "config template remove":
        return Report("Removed", "remove", f"{what}. The default is: {each.text}")
    return Report("Set", "set", f"{what}: {each.text}")


REPORTS: dict[type, Callable[[Any, str], Report]] = {OutboxMessage: _message, Template: _template}
