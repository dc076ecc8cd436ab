"""Start the program: `python -m clinicctl`, and the console script.

The ratios here are CPU of `clinicctl queue show` without a measure to CPU with it, medians of 15 pairs run in turn.
"""

import errno
import gc
import os
import signal
import sys

# Until the program handles Ctrl-C itself, the signal ends the process without a traceback.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

gc.disable()  # 1.07: a command is over before a collection would pay, most of all during the imports.

_NO_MEMORY = 74

# Errors during Python's shutdown are no answer to the user, and their text may contain a name.
sys.unraisablehook = lambda _: None


def _run() -> int:
    from clinicctl.cli import run  # Deferred, so that `main` reports a lack of memory during the imports, too.

    return run()


def main() -> None:
    """Run the program on the process's arguments, and exit with its status.

    The status for a closed output pipe becomes a death by SIGPIPE, as for other programs in a pipeline, so that a shell
    reports no error. Python ignores this signal from the start, and the parent process may block it.
    """
    try:
        status = _run()
    except (MemoryError, SystemError, OSError) as error:
        # There is no memory to import the error messages. CPython sometimes raises another error in this case.
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:
            raise
        os.write(2, b"clinicctl: The machine has no memory left.\n")
        os._exit(_NO_MEMORY)
    if status == 128 + signal.SIGPIPE:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(status)  # 1.17: the process ends without freeing every object first.


if __name__ == "__main__":
    main()
