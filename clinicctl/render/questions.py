"""Sentences for questions and notes at a prompt."""

from collections.abc import Sequence

from clinicctl.render import phrases
from clinicctl.render.messages import cancel_question, holidays, undo_question
from clinicctl.results.people import PatientBrief

__all__ = ["cancel_question", "holidays", "named", "undo_question"]


def named(people: Sequence[PatientBrief]) -> str:
    """Return people for a question: the number and the name of each."""
    return " and ".join(map(phrases.patient, people))
