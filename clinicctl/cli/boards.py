"""The page of the board for the waiting room: in a file, or served."""

from collections.abc import Callable
from typing import Any

from clinicctl import desk, errors, render
from clinicctl.cli.context import AppContext
from clinicctl.rules import board_words
from clinicctl.store import paths

MODE = 0o644
"""A web server must be able to read the page, and nothing on it is personal."""


def make_page(
    app: AppContext, *, every: float, doctors: list[Any], words: str | None, theme: str, chime: bool
) -> Callable[[], bytes]:
    """Return the function that reads the board and makes the page."""
    from clinicctl.render import board_page  # Deferred: only a page needs it.

    own = _read_words(app, words) if words is not None else board_words.BoardWords()

    def make() -> bytes:
        room = app.read(desk.queue.waiting_room, doctors=doctors)
        return board_page.page(room, every=every, words=own, theme=theme, chime=chime).encode()

    return make


def write_file(app: AppContext, path: str, make: Callable[[], bytes], *, every: float, once: bool) -> None:
    """Write the page to a file, once or until interrupted.

    Only such a page is replaced.
    """
    from clinicctl.render import board_page, live_page  # Deferred: only a page needs it.

    if path == "-":
        render.text(make().decode())
        return
    app.store.protect()
    target = paths.absolute(path)

    def publish(page: bytes) -> None:
        try:
            with paths.replacing(target, begins=(board_page.BEGINS,), mode=MODE) as file:
                file.write(page)
        except OSError as error:
            raise errors.IOFailed(path=path, reason=error.strerror or "cannot be written") from None

    if not once:
        app.store.require_standalone()
    publish(make())
    if not once:
        app.note(f"Writing {path} every {every:g} s. Press Ctrl-C to end.")
        live_page.keep(make, publish, every=every)


def serve(app: AppContext, place: str, make: Callable[[], bytes], *, every: float) -> None:
    """Serve the page until interrupted."""
    from clinicctl.render import board_server, live_page  # Deferred: the libraries for a server take long to load.

    app.store.require_standalone()
    with board_server.serving(place, make()) as server:
        app.note(f"The board is at {server.url}" + (", also for other machines." if server.is_open_to_others else ""))
        live_page.keep(make, server.publish, every=every)


def _read_words(app: AppContext, path: str) -> board_words.BoardWords:
    try:
        with app.open(path) as file:
            content = file.read(board_words.LARGEST + 1)
    except FileNotFoundError:
        raise errors.NoSuchFile(path=path) from None
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be read") from None
    if len(content) > board_words.LARGEST:
        raise errors.BadValue(problem=f"{path}: larger than {board_words.LARGEST >> 10} KiB.")
    return board_words.parse(content, path=path)
