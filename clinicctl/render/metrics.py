"""Write metrics in Prometheus' text format, version 0.0.4."""

from clinicctl import errors
from clinicctl.results.clinic import Metric, Metrics, Sample
from clinicctl.store import paths

PREFIX = "clinicctl_"
_BEGINS = (b"# HELP ", b"# TYPE ")


def exposition(metrics: Metrics) -> str:
    """Return every metric with its help and type.

    All are gauges, because the program does not keep running.
    """
    return "".join(_metric(each) for each in metrics.metrics)


def write(metrics: Metrics, *, path: str) -> None:
    """Replace a file atomically by the metrics. Other users may read it (0644).

    Only a file of such metrics is replaced. The temporary file is not named *.prom, so that the collector ignores it.
    """
    try:
        with paths.replacing(path, begins=_BEGINS, mode=0o644) as file:
            file.write(exposition(metrics).encode())
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be written") from None


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
