"""Start-up as ratios: CPU time of whole processes (user + system), each against a bare import, in turn, medians."""

import os
import resource
import statistics
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 21
PROGRAM = [str(Path(sysconfig.get_path("scripts")) / "clinicctl")]
TYPER = [sys.executable, "-c", "import typer"]
BOTH = [sys.executable, "-c", "import typer, sqlmodel"]


def cpu(command: list[str]) -> float:
    """Return the CPU milliseconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def ratio(command: list[str], against: list[str]) -> tuple[float, float, float]:
    """Return the medians of both, and of the ratios pair by pair."""
    pairs = [(cpu(command), cpu(against)) for _ in range(ROUNDS)]
    one, other = (statistics.median(each) for each in zip(*pairs, strict=True))
    return one, other, statistics.median(a / b for a, b in pairs)


def startup() -> None:
    """Print the ratios of start-up."""
    with TemporaryDirectory() as folder:
        os.environ["CLINICCTL_DB"] = f"{folder}/clinic.db"
        for setup in (
            ["init", "--region", "IN", "--timezone", "Asia/Kolkata"],
            ["doctor", "add", "MEHTA", "Dr. Mehta", "--capacity", "500"],
            ["patient", "add", "Anita Sharma", "--phone", "98765 43210"],
            ["book", "P1", "MEHTA"],
        ):
            cpu([*PROGRAM, *setup])
        print("| command | CPU ms | against | CPU ms | ratio | at most |\n|---|---|---|---|---|---|")
        for args, against, name, most in (
            (["--version"], TYPER, "import typer", 1.6),
            (["--help"], TYPER, "import typer", 1.6),
            (["book", "P1", "MEHTA", "--again"], BOTH, "import typer, sqlmodel", 1.0),
            (["appointment", "show", "A1"], BOTH, "import typer, sqlmodel", 1.0),
            (["patient", "find", "ani"], BOTH, "import typer, sqlmodel", 1.0),
            (["queue", "show"], BOTH, "import typer, sqlmodel", 1.0),
        ):
            one, other, found = ratio([*PROGRAM, *args], against)
            print(f"| `clinicctl {' '.join(args)}` | {one:.0f} | `{name}` | {other:.0f} | {found:.2f} | {most} |")


if __name__ == "__main__":
    startup()
