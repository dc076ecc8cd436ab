"""Errors about paper: fonts, printers, and slips."""

from typing import Any

from clinicctl.errors.base import AgainstRule, Refusal
from clinicctl.errors.wording import status_label


class NoFont(Refusal):
    """No font has some letters. The scripts are named, but not the letters, which may be of a name."""

    code, status = "no_font", 74
    sentence = "No font on this machine has the characters of {scripts}, so that no PDF was made."
    advice = "Install one, for example Noto Sans for the script. Plain text needs no font: --width 80mm."


class NotSent(Refusal):
    """The command that prints cannot be run, failed, or did not end in time."""

    code, status, sentence = "not_sent", 74, "{command}: {reason}."
    advice = "Set the command with `clinicctl config print_command 'lp -d NAME'`."


class NoSlip(AgainstRule):
    code = "illegal_step"

    def compose(self, details: dict[str, Any]) -> str:
        return f"{details['appointment']} is {status_label(details['status'])}: there is no slip for it."
