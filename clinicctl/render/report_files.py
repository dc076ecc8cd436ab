"""Write a report to the files that were asked for: a page, a picture, a workbook. `-` is stdout."""

import os
from collections.abc import Callable, Mapping
from io import BytesIO

from clinicctl import errors
from clinicctl.render.streams import copy
from clinicctl.results.reports import Report
from clinicctl.store import paths


def page(report: Report) -> bytes:
    """Return the bytes of a page."""
    from clinicctl.render import report_pages  # Deferred: it may load matplotlib.

    return report_pages.page(report).encode()


def picture(report: Report) -> bytes:
    """Return the bytes of a picture."""
    from clinicctl.render import report_pictures  # Deferred: it loads matplotlib.

    return report_pictures.png(report)


def book(report: Report) -> bytes:
    """Return the bytes of a workbook."""
    from clinicctl.render import report_books  # Deferred: it loads xlsxwriter.

    return report_books.book(report)


MAKERS: Mapping[str, Callable[[Report], bytes]] = {"html": page, "png": picture, "xlsx": book}


def write(report: Report, targets: Mapping[str, str], *, replace: bool) -> None:
    """Write a report to files by their kinds.

    All are made before the first is written. Each is written whole or not at all.
    """
    made = {kind: MAKERS[kind](report) for kind in targets}
    for kind, target in targets.items():
        if target == "-":
            copy(BytesIO(made[kind]))
            continue
        try:
            with paths.writing(target, replace=replace) as file:
                file.write(made[kind])
        except FileNotFoundError:
            raise errors.NoSuchFile(path=os.path.dirname(target)) from None
        except OSError as error:
            raise errors.IOFailed(path=target, reason=error.strerror or "cannot be written") from None
