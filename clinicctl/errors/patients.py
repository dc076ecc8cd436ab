"""Errors about patients and their records."""

from clinicctl.errors.base import AgainstRule, AnswerAboutPeople, Conflict, NotFound


class NoSuchPatient(NotFound):
    code, sentence = "patient_not_found", "No such patient."
    advice = "Search with `clinicctl patient find WORDS`, or use the number (P17)."


class OnlySimilar(NoSuchPatient, AnswerAboutPeople):
    """Nobody has the name, but some have a similar one."""

    sentence = "No such patient. Similar names on file: {count}."
    advice = "Use the number of the one you mean."


class Ambiguous(AnswerAboutPeople):
    code, status, sentence = "ambiguous", 5, "{count} {what} match."
    advice = "Use the number of the one you mean."


class PossibleDuplicate(Conflict, AnswerAboutPeople):
    code, sentence = "possible_duplicate", "Possible match on file ({count})."
    advice = "Add --same-as NUMBER to use the patient on file, or --new to register another person."


class MergeConflict(Conflict):
    """Both records have something that a patient can have only once."""

    code, sentence = "merge_conflict", "{patient} and {into} both {hold}: {places}. One patient can have only one."


class HasAppointments(Conflict, AnswerAboutPeople):
    code, sentence = "has_bookings", "{subject} still has open appointments ({count})."
    advice = "Cancel or move them first."


class SamePatient(AgainstRule):
    code, sentence = "illegal_step", "{subject} is already that patient; there is nothing to {what}."


class WrongPatient(AgainstRule):
    code, sentence = "wrong_patient", "{appointment} belongs to {patient}, not to {given}."


class Archived(AgainstRule):
    code, sentence = "archived", "{subject} is archived."


class Erased(Archived):
    code, sentence = "archived", "{subject} was erased. Only the number remains."
