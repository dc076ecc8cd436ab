"""A forked command answers, ends and dies as a spawned one does."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Start = Callable[..., Any]
Finish = Callable[..., Any]


@pytest.mark.parametrize("args", [["patient", "list", "--json"], ["book", "P9", "MEHTA"], ["--version"]])
def test_a_fork_answers_as_a_new_process_does(
    args: list[str], clinic: Ask, start: Start, fork: Start, finish: Finish
) -> None:
    assert finish(fork(*args)) == finish(start(*args))


def test_a_fork_is_a_process_of_its_own(clinic: Ask, fork: Start, finish: Finish, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    env = {**os.environ, "CLINICCTL_LOG": log, "CLINICCTL_ACTOR": "asha"}
    one, other = (fork("batch", "-", stdin=subprocess.PIPE, env=env, cwd=tmp_path) for _ in range(2))
    assert one.pid != other.pid
    one.stdin.write("book P1 MEHTA --key one\n")
    one.stdin.flush()
    assert '"exit_code": 0' in one.stdout.readline()
    assert os.readlink(f"/proc/{one.pid}/cwd") == str(tmp_path)
    assert one.poll() is None
    one.send_signal(signal.SIGTERM)
    assert one.wait(30) == 143
    other.kill()
    assert other.wait(30) == -signal.SIGKILL
    assert finish(other).status == -signal.SIGKILL
    (written,) = clinic("audit", "log", "--actor", "asha")
    assert written["key"] == "one"
    assert str(one.pid) in Path(log).read_text()


def test_a_fork_whose_reader_has_gone_dies_by_the_signal(clinic: Ask, fork: Start) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = fork("patient", "list", stdout=writer)
    os.close(writer)
    assert process.wait(30) == -signal.SIGPIPE
