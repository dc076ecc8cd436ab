"""Report how a command ended: its error, its line in the log, and its exit status."""

import os
import signal
import traceback
from typing import Any
from uuid import uuid4

from clinicctl import clock, errors, log, render, settings
from clinicctl.cli import config_file
from clinicctl.store import paths

PARTLY_DONE = 3
"""The exit status when some rows or lines were done and others refused."""
READER_GONE = 128 + signal.SIGPIPE
"""The status of a command that only reads, when the reader of its output has closed the pipe."""


class Reporting:
    """What a command line has done so far, and how it reports its end."""

    def __init__(self) -> None:
        self.args: list[str] = []
        self.command = ""
        self.key: str | None = None
        """The key of its write, given or generated."""
        self.actor: str | None = None
        """The name of its last transaction in the journal."""
        self.wrote = False
        """Whether it has changed something. If so, a lost answer must be reported."""
        self.committed = False
        """Whether its write is committed, even if the answer was lost."""
        self.lines_committed = False
        """Whether lines of a batch were committed whose answers could not be given."""
        self.counts: dict[str, int] = {}
        """What the command adds to its line in the log."""
        self._settings: settings.Settings | None = None
        self._frames: list[str] | None = None
        self._masked = False
        self._began = clock.ticks()

    def finish(self, status: int) -> int:
        """Flush the output, and log the exit status."""
        try:
            render.flush()
        except errors.Refusal as refused:
            return self.refuse(refused)
        self._log(status, None)
        return status

    def refuse(self, refused: errors.Refusal) -> int:
        """Print an error, as an object for JSON, and return its exit status.

        A reader such as `head` may close its pipe. That is no error for a command that only reads.
        """
        if isinstance(refused, errors.ReaderGone) and not self.wrote:
            self._log(READER_GONE, None)
            return READER_GONE
        if isinstance(refused, errors.Interrupted):
            refused = type(refused)(problem=self.how_to_read_again() or "")
        elif isinstance(refused, errors.NotPrinted):
            refused.hint = refused.hint or self.how_to_read_again()
        render.refusal(refused, as_json=self.asked_for_json(), masked=self._masked)
        self.log_refusal(refused)
        return refused.status

    def log_refusal(self, refused: errors.Refusal) -> None:
        """Log the error."""
        known = {name: refused.details.get(name) for name in ("key", "reference", "kind")}
        self._log(refused.status, refused.code, frames=self._frames, **known)

    def lock_waited(self) -> float:
        """Return the seconds for which it has waited for the writer's lock."""
        return 0.0

    def help(self, page: str) -> int:
        """Print the help page of a group without a command, and return the exit status."""
        try:
            render.text(page + "\n")
        except errors.Refusal as refused:
            return self.refuse(refused)
        return 0

    def internal(self, bug: Exception) -> errors.Internal:
        """Return the error for a bug, with a reference.

        The log gets the stack without any value.
        """
        reference = uuid4().hex[:8]
        self._frames = [
            f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(bug.__traceback__)
        ]
        return errors.Internal(reference=reference, kind=type(bug).__name__, hint=self.how_to_read_again())

    def how_to_read_again(self) -> str | None:
        """Return how to get the answer to a committed write again.

        Return None if nothing was written.
        """
        if self.lines_committed:
            return "Some lines were written: see `clinicctl audit log`."
        if self.committed and self.key:
            return f"The change was written. Run the command again with --key {self.key} to get its answer."
        return None

    def _log(self, status: int, code: str | None, **details: Any) -> None:
        options = self._settings
        path = options.log if options else os.environ.get("CLINICCTL_LOG")
        if path and options is None:
            paths.protect(config_file.named_database(self.args))
        if path:
            log.line(
                path,
                actor=self.actor or (options.actor or settings.login() if options else None),
                command=self.command,
                exit_code=status,
                code=code,
                seconds=round(clock.ticks() - self._began, 3),
                lock_waited=round(self.lock_waited(), 3),
                **details,
                **self.counts,
            )

    def asked_for_json(self) -> bool:
        """Return whether errors are printed as JSON."""
        if self._settings is not None:
            return self._settings.output in ("json", "jsonl")
        return config_file.asks_for_json(self.args)
