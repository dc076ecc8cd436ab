"""Exports of a million appointments against bare sqlite3 and csv, and their memory against that of a small clinic."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests import queries
from tests.peaks import spent

ROUNDS = 3
BARE = f"""
import csv, sqlite3, sys
sql = {queries.text("appointments.MATCHING")!r}.format(conditions="true")
connection = sqlite3.connect(sys.argv[1])
with open(sys.argv[2], "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    rows = connection.execute(sql, (-1, 0))
    writer.writerow([each[0] for each in rows.description])
    writer.writerows(rows)
"""
"""The same statement, and every column as it is stored."""

FORMATS = {"csv": 4, "jsonl": 5, "xlsx": 16, "parquet": 3, "ndjson": 11}
"""The formats, with the most that each may cost as a multiple of the bare side. FHIR has patients and slots, too."""


def exports() -> Iterator[tuple[str, str, float, str]]:
    """Exports of 1,000,000 appointments: CPU time against bare sqlite3 and csv, memory against 10,000 appointments."""
    from tests import bench  # Deferred: it imports this module.

    many, few = (size[0] for size in bench.SIZES)
    with bench.clinic(*bench.doctors(100, capacity=100)) as large, TemporaryDirectory() as other:
        small = Path(other)
        shutil.copy(large / "clinic.db", small / "clinic.db")
        for folder, size in zip((large, small), bench.SIZES, strict=True):
            bench.cpu([sys.executable, "-c", bench.GROW, str(folder / "clinic.db"), *map(str, size)])
        bare = [sys.executable, "-c", BARE, str(large / "clinic.db"), str(large / "bare.csv")]
        seconds = [spent(bare)[0] for _ in range(ROUNDS)]
        for form, most in FORMATS.items():
            found = [spent(_command(bench.PROGRAM, large, form)) for _ in range(ROUNDS)]
            one, peak = median(each[0] for each in found), max(each[1] for each in found)
            what = f"`export {_kind(form)}` of {many:,} appointments as {form}, {one:.1f} s, at most {peak:.0f} MB"
            against = f"bare `sqlite3` and `csv`, {median(seconds):.1f} s"
            yield what, against, one / median(seconds), f"at most {most}, and 200 MB"
            _, little = spent(_command(bench.PROGRAM, small, form))
            yield f"memory of that, {peak:.0f} MB", f"of {few:,}, {little:.0f} MB", peak / little, "at most 1.5"


def _kind(form: str) -> str:
    return "fhir" if form == "ndjson" else "appointments"


def _command(program: Sequence[str], folder: Path, form: str) -> list[str]:
    target = str(folder / f"out.{form}")
    return [*program, "export", _kind(form), "--db", str(folder / "clinic.db"), "--to", target, "--force", "-q"]
