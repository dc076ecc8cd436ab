"""What a process costs: its CPU time and its memory, without those of the process that starts it.

Linux counts for a process also the memory that its parent had when it was started. So a small process starts it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

STARTER = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
sys.stderr.write(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def spent(command: Sequence[str], output: Path | None = None) -> tuple[float, float]:
    """Run a command with a full path; return its CPU seconds, and the most megabytes that it had."""
    with open(output or "/dev/null", "wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-S", "-c", STARTER, *command], stdout=stdout, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 0, (command, done.stderr)
    seconds, peak = json.loads(done.stderr.splitlines()[-1])
    return seconds, peak
