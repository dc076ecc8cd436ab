"""What a run of a sender returns."""

from clinicctl.results.base import result


@result
class SendingRun:
    """How many messages were sent, will be tried again, have failed for good, and were given back untried."""

    sent: int
    retried: int
    failed: int
    given_back: int
