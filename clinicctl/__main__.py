"""`python -m clinicctl`, and the console script: what has to be settled before anything is imported."""

import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

# Until the program can answer a Ctrl-C in its own words, it ends as any other does: silently.
if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# A one-shot command frees nothing worth collecting: collection while importing, and the teardown of
# half a million objects at exit, cost more than a booking. `run` is the same program without either.
gc.disable()

_NO_MEMORY = 74

# Pydantic would look through the metadata of everything installed, for plug-ins to the validators it builds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


# What fails while Python clears up is nobody's answer, and its text may hold a name.
sys.unraisablehook = lambda _: None


class _Later(ModuleType):
    """A module that a library imports for a half of it that is not used here; it loads when it is asked for more."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_itself(self.__name__), name)


def _itself(name: str) -> ModuleType:
    """Load a module in the place of what stood for it."""
    if isinstance(sys.modules.get(name), _Later):
        del sys.modules[name]
    return import_module(name)


def _later(name: str, *taken: str) -> None:
    """Let a module load once it is asked for more than the functions others take of it, or one of them is called."""
    module = sys.modules.setdefault(name, _Later(name))
    if isinstance(module, _Later):
        module.__dict__.update({each: _forward(name, each) for each in taken})
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, module)


def _forward(name: str, function: str) -> Callable[..., Any]:
    return lambda *args, **options: getattr(_itself(name), function)(*args, **options)


# SQLAlchemy takes this function when it is imported, and the rest of the module, sockets and TLS behind it, only for
# its asynchronous drivers.
_later("asyncio", "iscoroutine")
# And this one, with the parsers of e-mail behind it, only to look for dialects that others have installed; Pydantic
# takes two functions of it, for plug-ins and for a library that reads e-mail addresses.
_later("importlib.metadata", "entry_points", "version")


def _run() -> int:
    from clinicctl.cli import run

    return run()


# CPython (3.11 and later) keeps the frames of calls in chunks of 16 KiB. A call that meets the end of one takes a new
# one from the system, and gives it back when it returns: deep in imports that is thousands of times, and each is two
# system calls and a page fault. A frame that claims 256 KiB for itself gets a chunk of 512, and whatever it calls has
# the rest; what is never touched costs nothing.
_run.__code__ = _run.__code__.replace(co_stacksize=1 << 15)


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
