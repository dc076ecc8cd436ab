"""What the desk types for its most frequent acts, and how many keys that takes. `test_keystrokes` types it."""

from typing import NamedTuple


class Act(NamedTuple):
    """An act: its name, the command, the same at the prompt of `shell`, and the answers to questions.

    `most` has the most keys that it may take, on the command line and at the prompt.
    """

    name: str
    command: str
    at_prompt: str
    answers: tuple[str, ...] = ()
    most: tuple[int, int] = (0, 0)

    def keys(self) -> tuple[int, int]:
        """Return the keys of the command line and of the prompt, Enter included."""
        answers = sum(len(each) + 1 for each in self.answers)
        return len(self.command) + 1 + answers, len(self.at_prompt) + 1 + answers


ACTS = (
    Act("book P22 for Monday", "clinicctl book 22 me mon", "b 22 me mon", most=(25, 12)),
    Act("check in P22", "clinicctl checkin 22", "ch 22", most=(24, 14)),
    Act("move P22 to Tuesday", "clinicctl move P22 tue", "mo P22 tue", most=(25, 15)),
    Act("cancel the appointment of P22", "clinicctl cancel P22", "ca P22", ("y",), most=(25, 15)),
    Act("finish, call and start the next", "clinicctl next m -s", "ne m -s", most=(20, 10)),
    Act(
        "walk-in of a new patient",
        "clinicctl walkin 'Ravi Kumar' me",
        "wal 'Ravi Kumar' me",
        ("9876543210",),
        most=(45, 35),
    ),
)


def table() -> str:
    """Make the table for the README."""
    rows = ""
    for act in ACTS:
        typed, at_prompt = act.keys()
        answers = "".join(f", then `{each}`" for each in act.answers)
        rows += f"| {act.name} | `{act.command}`{answers} | {typed} | `{act.at_prompt}` | {at_prompt} |\n"
    return f"| act | command | keys | in `shell` | keys |\n|---|---|---|---|---|\n{rows}"
