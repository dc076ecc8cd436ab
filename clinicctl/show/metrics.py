"""Numbers in Prometheus' text format, version 0.0.4, on stdout or in a file for a collector."""

import os
from contextlib import suppress
from secrets import token_hex

from clinicctl import errors
from clinicctl.results import Metric, Metrics, Sample

PREFIX = "clinicctl_"


def exposition(metrics: Metrics) -> str:
    """Return every metric with its help and its type; all are gauges, for a program that ends counts nothing."""
    return "".join(_metric(each) for each in metrics.metrics)


def write(metrics: Metrics, *, path: str) -> None:
    """Put the metrics into a file that others may read (0644); whoever reads it finds the old one or the new one."""
    # The collector takes every *.prom in its folder: the name until then is none of these.
    draft = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{token_hex(6)}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(descriptor, 0o644)
                file.write(exposition(metrics))
                file.flush()
                os.fsync(descriptor)
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise errors.IOFailed(path=path, reason=reason) from None


def _metric(each: Metric) -> str:
    name = f"{PREFIX}{each.name}"
    help_ = each.help.replace("\\", "\\\\").replace("\n", "\\n")
    samples = "".join(f"{name}{_labels(one)} {_value(one.value)}\n" for one in each.samples)
    return f"# HELP {name} {help_}\n# TYPE {name} gauge\n{samples}"


def _labels(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
    return f"{{{labels}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value: float) -> str:
    return repr(value)
