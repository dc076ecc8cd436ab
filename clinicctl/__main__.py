"""`python -m clinicctl`, and the console script: what has to be settled before anything is imported."""

import gc
import os
import signal
import sys

# Until the program can answer a Ctrl-C in its own words, it ends as any other does: silently.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# A one-shot command frees nothing worth collecting: collection while importing, and the teardown of
# half a million objects at exit, cost more than a booking. `run` is the same program without either.
gc.disable()

_NO_MEMORY = 74

# What fails while Python clears up is nobody's answer, and its text may hold a name.
sys.unraisablehook = lambda _: None


def _run() -> int:
    from clinicctl.cli import run

    return run()


def main() -> None:
    """Run the program on the process's arguments and leave with its exit status.

    The status for a reader that has gone becomes a death by SIGPIPE, as of any other program in a pipeline: a shell
    reports no error for it. Python ignores the signal from the start on; whoever started the process may block it.
    """
    try:
        status = _run()
    except (MemoryError, SystemError):
        # Not even what says so could be loaded; without memory, CPython at times raises the second.
        os.write(2, b"clinicctl: The machine has no memory left.\n")
        os._exit(_NO_MEMORY)
    if status == 128 + signal.SIGPIPE:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(status)


if __name__ == "__main__":
    main()
