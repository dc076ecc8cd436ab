"""Errors about messages to patients."""

from clinicctl.errors.base import Conflict, NotFound


class NoSuchMessage(NotFound):
    code, sentence = "message_not_found", "There is no message {message}."
    advice = "See `clinicctl outbox list`."


class NoSuchTemplate(NotFound):
    code, sentence = "template_not_found", "The clinic has no text of its own for `{kind}` in the language {language}."
    advice = "See `clinicctl config template list`."


class OtherAttempt(Conflict):
    code = "leased_again"
    sentence = "{message} has been handed out again since: attempt {attempt} is not the last one, {current}."
    advice = "The sender that has it now answers for it."
