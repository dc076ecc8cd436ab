"""Let the user choose at a terminal where a request may mean several people, appointments or positions."""

import signal
from collections.abc import Mapping
from typing import Any

from clinicctl import errors, interrupts, render
from clinicctl.rules.days import DayWord
from clinicctl.rules.references import DoctorRef, PatientRef


class Choices:
    """The choices that the user has made for one command line."""

    def __init__(self) -> None:
        self._references: dict[tuple[bool, str], str] = {}
        """What each reference means, by whether it is a doctor and by its text."""
        self._options: dict[str, Any] = {}
        """The values of other parameters."""

    def __bool__(self) -> bool:
        return bool(self._references or self._options)

    def choose(self, reference: str, meant: str) -> None:
        """Let a reference mean a number or a code in the following requests."""
        self._references[_key(reference)] = meant

    def applied(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a request with the choices in place of what was typed."""
        if not self:
            return request
        chosen = {name: value for name, value in self._options.items() if name in request}
        return {name: self._meaning(value) for name, value in request.items()} | chosen

    def ask(self, refused: errors.AnswerAboutPeople, request: Mapping[str, Any], *, masked: bool) -> None:
        """Ask which of the candidates is meant.

        Refuses as before if nothing can be chosen, and with `Cancelled` if nothing is.
        """
        is_duplicate = isinstance(refused, errors.PossibleDuplicate) and "same_as" in request
        listed = [each for each in refused.details.get("candidates", ()) if "choose" in each]
        if not listed or not (refused.reference or is_duplicate or isinstance(refused, errors.SeveralInQueue)):
            raise refused
        render.choices(refused, masked=masked)
        chosen = _answer(listed, new=is_duplicate)
        if chosen is None:
            self._options["new"] = True
        elif is_duplicate:
            self._options["same_as"] = PatientRef(chosen["choose"])
        elif refused.reference:
            self.choose(refused.reference, chosen["choose"])
        else:
            self._options |= {"position": chosen["position"], "on": DayWord(chosen["date"])}

    def _meaning(self, value: Any) -> Any:
        meant = self._references.get(_key(value)) if isinstance(value, str) else None
        return value if meant is None else type(value)(meant)


def _key(reference: str) -> tuple[bool, str]:
    return isinstance(reference, DoctorRef), str(reference)


def _answer(listed: list[dict[str, Any]], *, new: bool) -> dict[str, Any] | None:
    """Return the chosen candidate, or None for a new person."""
    numbers = f"1-{len(listed)}" if len(listed) > 1 else "1"
    known = {str(nth): each for nth, each in enumerate(listed, start=1)}
    known |= {str(each["choose"]).lower(): each for each in listed}
    while True:
        try:
            typed = render.prompt(
                f"Which one? [{numbers}{', n for a new person' if new else ''}, Enter cancels]"
            ).lower()
        except interrupts.Interrupt as stopped:
            if stopped.number != signal.SIGINT:
                raise
            interrupts.acknowledge()
            typed = ""
        if not typed:
            raise errors.Cancelled
        if new and typed in ("n", "new"):
            return None
        if typed in known:
            return known[typed]
