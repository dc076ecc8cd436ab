"""`python -m clinicctl`, and the console script: what has to be settled before anything is imported."""

import gc
import os
import signal
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

# Until the program can answer a Ctrl-C in its own words, it ends as any other does: silently.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# A one-shot command frees nothing worth collecting: collection while importing, and the teardown of
# half a million objects at exit, cost more than a booking. `run` is the same program without either.
gc.disable()

# Pydantic would look through the metadata of everything installed, for plug-ins to the validators it builds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class _Later(ModuleType):
    """A module that a library imports for a half of it that is not used here; it loads when it is asked for more."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def _later(name: str, **known: Any) -> None:
    module = sys.modules.setdefault(name, _Later(name))
    if isinstance(module, _Later):
        module.__dict__.update(known)
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, module)


# SQLAlchemy takes this function when it is imported, and the rest of the module, sockets and TLS behind it, only for
# its asynchronous drivers.
_later("asyncio", iscoroutine=lambda found: import_module("inspect").iscoroutine(found))
# And this one, with the parsers of e-mail behind it, only to look for dialects that others have installed.
_later("importlib.metadata")


def main() -> None:
    """Run the program on the process's arguments and leave with its exit status."""
    from clinicctl.cli import run

    status = run()
    os._exit(status)


if __name__ == "__main__":
    main()
