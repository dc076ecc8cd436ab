"""`python -m clinicctl`, and the console script."""

import gc
import signal

# Until the program can answer a Ctrl-C in its own words, it ends as any other does: silently.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# A one-shot command frees nothing worth collecting: collection while importing, and the teardown of
# half a million objects at exit, cost more than a booking. `run` is the same program without either.
gc.disable()


def main() -> None:
    """Run the program on the process's arguments and leave with its exit status."""
    import os

    from clinicctl.cli import run

    status = run()
    os._exit(status)


if __name__ == "__main__":
    main()
