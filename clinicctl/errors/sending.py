"""Errors about senders of messages."""

from clinicctl.errors.base import Refusal


class SenderUnavailable(Refusal):
    """A sender cannot send anything. What it had is handed out again, without an attempt counted."""

    code, status, sentence = "sender_unavailable", 74, "Nothing more can be sent: {reason}."
    advice = "The messages stay due: the next `clinicctl outbox run` goes on."
