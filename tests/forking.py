"""Commands as forks of a process that has everything imported: whole processes, without the time of an import.

Each has its own descriptors, environment, locks and signals, and ends as the program does. What a fork cannot show is
how a process starts; a test of that spawns one.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

SERVER = """
import gc, importlib, json, os, signal, socket, sys, time
from clinicctl import desk
from clinicctl.cli import TREE
from clinicctl.render import machine, progress, safe_text, tables
import clinicctl.__main__ as program

for name in desk.__all__:
    getattr(desk, name)
for module, _ in TREE.values():
    importlib.import_module(f"clinicctl.cli.{module}")
importlib.import_module("clinicctl.store.postgresql.group_commit")
signal.signal(signal.SIGINT, signal.SIG_DFL)
gc.freeze()
requests = socket.socket(fileno=int(sys.argv[1]))
reports = {}

def reap(*_):
    while reports:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        report = reports.pop(pid)
        os.write(report, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(report)

def become(asked, stdin, stdout, stderr):
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    for number, descriptor in enumerate((stdin, stdout, stderr)):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    sys.argv = ["clinicctl", *asked["args"]]
    program.main()

signal.signal(signal.SIGCHLD, reap)
while True:
    message, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
    if not message:
        break
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        try:
            become(json.loads(message), *descriptors[:3])
        finally:
            os._exit(99)
    for each in descriptors[:3]:
        os.close(each)
    reports[pid] = descriptors[3]
    requests.send(str(pid).encode())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
"""


class Server:
    """The process that forks."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if not name.startswith("CLINICCTL_")},
            )

    def fork(self, args: list[str], env: dict[str, str], cwd: str, descriptors: list[int]) -> int:
        """Start a command; `descriptors` are its stdin, stdout and stderr, and the one for its status."""
        asked = json.dumps({"args": args, "env": env, "cwd": cwd}).encode()
        socket.send_fds(self._socket, [asked], descriptors)
        return int(self._socket.recv(64))

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


class Forked:
    """A forked command, as `subprocess.Popen` shows one: with text, and pipes where they are asked for."""

    def __init__(
        self,
        server: Server,
        args: list[str],
        *,
        stdin: Any = subprocess.DEVNULL,
        stdout: Any = subprocess.PIPE,
        stderr: Any = subprocess.PIPE,
        env: dict[str, str] | None = None,
        cwd: str | Path | None = None,
    ) -> None:
        self.args = args
        self.returncode: int | None = None
        self._opened: list[int] = []
        theirs, pipes = zip(*(self._stream(each, nth) for nth, each in enumerate((stdin, stdout, stderr))), strict=True)
        self.stdin, self.stdout, self.stderr = pipes
        self._status, report = os.pipe()
        self._opened.append(report)
        environment = dict(os.environ if env is None else env)
        self.pid = server.fork(args, environment, os.fspath(cwd or os.getcwd()), [*theirs, report])
        for each in self._opened:
            os.close(each)

    def _stream(self, asked: Any, nth: int) -> tuple[int, IO[str] | None]:
        if asked == subprocess.PIPE:
            reader, writer = os.pipe()
            self._opened.append(reader if nth == 0 else writer)
            return (reader, os.fdopen(writer, "w")) if nth == 0 else (writer, os.fdopen(reader))
        if asked == subprocess.DEVNULL:
            descriptor = os.open(os.devnull, os.O_RDWR)
            self._opened.append(descriptor)
            return descriptor, None
        return asked if isinstance(asked, int) else asked.fileno(), None

    def poll(self) -> int | None:
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = int(os.read(self._status, 64))
            os.close(self._status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str | None, str | None]:
        """Write the input, read what is left of both streams, and wait for the end."""
        found: dict[str, str] = {}

        def read(name: str, stream: IO[str]) -> None:
            found[name] = stream.read()
            stream.close()

        streams = {"stdout": self.stdout, "stderr": self.stderr}
        readers = [
            threading.Thread(target=read, args=(name, stream), daemon=True)
            for name, stream in streams.items()
            if stream is not None and not stream.closed
        ]
        for each in readers:
            each.start()
        if self.stdin is not None and not self.stdin.closed:
            with suppress(BrokenPipeError):
                self.stdin.write(input or "")
            with suppress(BrokenPipeError):
                self.stdin.close()
        end = None if timeout is None else time.monotonic() + timeout
        for each in readers:
            each.join(None if end is None else max(0, end - time.monotonic()))
        self.wait(None if end is None else max(0, end - time.monotonic()))
        for each in readers:
            each.join()
        return found.get("stdout"), found.get("stderr")
