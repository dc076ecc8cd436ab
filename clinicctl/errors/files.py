"""Errors about files, disks and the output."""

from clinicctl.errors.base import Conflict, NotFound, Refusal


class NoSuchFile(NotFound):
    code, sentence = "file_not_found", "{path}: no such file."


class Exists(Conflict):
    code, sentence = "exists", "{path} already exists."


class NotReplaced(Conflict):
    code, sentence = "exists", "{path} already exists, and {reason}. It was not changed."
    advice = "Name another file."


class NoLibrary(Refusal):
    code, status = "no_library", 10
    sentence = "clinicctl cannot write {format}, because {library} is not installed."
    advice = "Install it with `pip install 'clinicctl[{extra}]'`."


class BadFile(Refusal):
    code, status, sentence = "bad_file", 65, "{problem} bad in the file; nothing was written."


class DiskFull(Refusal):
    code, status, sentence = "disk_full", 74, "{path}: the disk is full. Nothing was written."


class ReadOnly(Refusal):
    code, status, sentence = "read_only", 74, "{path}: {reason}. Nothing was written."


class NoRight(Refusal):
    code, status, sentence = "no_right", 74, "{path}: {reason}. Nothing was written."
    advice = "`clinicctl db roles` prints the rights of each role."


class IOFailed(Refusal):
    code, status, sentence = "io_error", 74, "{path}: {reason}."


class NotPrinted(Refusal):
    """The result could not be printed. A write has been committed all the same."""

    code, status, sentence = "io_error", 74, "The result could not be printed ({reason})."


class ReaderGone(NotPrinted):
    """The program that reads the output has closed the pipe.

    A command that only reads then ends without an error.
    """
