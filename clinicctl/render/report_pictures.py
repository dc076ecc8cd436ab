"""Draw the charts of a report with matplotlib: as SVG for a page, and as one PNG."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

from clinicctl import errors
from clinicctl.render import reports
from clinicctl.render.report_charts import Chart, charts
from clinicctl.render.safe_text import visible
from clinicctl.results.reports import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1b6ca8", "#e08214", "#7b3294", "#5aae61")
"""They differ in lightness, too, and are told apart by people who do not see all colours."""
_INKS = ("white", "black", "white", "black")
"""The colour of a figure on each of them."""
_WIDTH, _DOTS = 9.0, 150
"""The width of a chart in inches, and the dots of an inch."""
_BAR, _GROUP, _FRAME = 0.2, 0.16, 1.1
"""The height of a bar, the space between groups, and that of titles and axes, in inches."""
_MOST_INCHES = 300
_FONT = "DejaVu Sans"
"""The font that matplotlib brings."""


def svg(chart: Chart) -> str:
    """Return a chart as an SVG element whose texts remain texts."""
    with _figure([chart]) as (figure, axes):
        _draw(axes[0], chart)
        target = StringIO()
        figure.savefig(target, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = target.getvalue()
    return text[text.index("<svg") :]


def png(report: Report) -> bytes:
    """Return all charts of a report as one picture."""
    found = charts(report)
    title = f"{visible(report.clinic)}\n{visible(reports.title(report))}"
    with _figure(found, title) as (figure, axes):
        figure.suptitle(title, fontsize=12)
        for each, chart in zip(axes, found, strict=True):
            _draw(each, chart)
        target = BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


@contextmanager
def _figure(found: Sequence[Chart], text: str = "") -> Iterator[tuple[Any, Sequence["Axes"]]]:
    """Yield a figure with a place for each chart, one below the other.

    `text` is what is drawn beside the charts.
    """
    # It tells on stderr that it looks for fonts.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise errors.NoLibrary(format="pictures", library="matplotlib", extra="reports") from None
    heights = [_height(each) for each in found]
    options: Any = {
        "font.family": [_FONT, *_other_fonts("".join([text, *(name for each in found for name in each.names)]))],
        "svg.fonttype": "none",
        "svg.hashsalt": found[0].title,
        "text.parse_math": False,
    }
    with mpl.rc_context(options), warnings.catch_warnings():
        # A letter that no font has is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(_WIDTH, sum(heights)), dpi=_DOTS, layout="constrained")
        places = figure.subplots(len(found), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
        yield figure, list(places[:, 0])


def _other_fonts(text: str) -> list[str]:
    """Return installed fonts for the letters that the usual font does not have."""
    from matplotlib.font_manager import findfont, findSystemFonts, fontManager, get_font

    missing = {ord(each) for each in text if each.isprintable()} - get_font(findfont(_FONT)).get_charmap().keys()
    chosen = []
    if missing:
        # The library keeps its list in a file, which lacks the fonts that were installed since.
        for path in {*findSystemFonts()} - {each.fname for each in fontManager.ttflist}:
            with suppress(Exception):  # undocumented, for a font that it cannot read
                fontManager.addfont(path)
    for each in sorted(fontManager.ttflist, key=lambda each: (not each.name.startswith("Noto Sans"), each.name)):
        if not missing:
            break
        if (
            each.style == "normal"
            and each.weight == 400
            and missing & (has := get_font(each.fname).get_charmap().keys())
        ):
            chosen.append(each.name)
            missing -= has
    return chosen


def _height(chart: Chart) -> float:
    lines = len(chart.names) * (1 if chart.is_grid or chart.stacked else len(chart.series))
    return min(_MOST_INCHES, _FRAME + lines * _BAR * (1.3 if chart.is_grid else 1) + len(chart.names) * _GROUP)


def _draw(axes: "Axes", chart: Chart) -> None:
    axes.set_title(chart.title, loc="left", fontsize=11)
    if chart.is_grid:
        _draw_grid(axes, chart)
    else:
        _draw_bars(axes, chart)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_bars(axes: "Axes", chart: Chart) -> None:
    """Draw horizontal bars, the first name at the top."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    count = len(chart.series)
    thick = 0.8 if chart.stacked else 0.8 / count
    begins = [0.0] * len(chart.names)
    for nth, series in enumerate(chart.series):
        values = [value or 0 for value in series.values]
        shift = 0.0 if chart.stacked else (nth - (count - 1) / 2) * thick
        places = [at + shift for at in range(len(values))]
        drawn = axes.barh(
            places, values, height=thick, left=begins if chart.stacked else 0, color=_COLOURS[nth], label=series.label
        )
        if chart.stacked:
            begins = [begin + value for begin, value in zip(begins, values, strict=True)]
            labels = [chart.text(series, at) if value else "" for at, value in enumerate(values)]
            axes.bar_label(drawn, labels, label_type="center", color=_INKS[nth], fontsize=8)
        else:
            axes.bar_label(drawn, [chart.text(series, at) for at in range(len(values))], padding=3, fontsize=8)
    axes.set_yticks(range(len(chart.names)), [visible(each) for each in chart.names])
    axes.set_ylim(max(1, len(chart.names)) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    field = chart.series[0].field
    whole = reports.FIELDS[field][1] == reports.COUNT
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: reports.cell(field, round(value) if whole else value))
    )
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=count, frameon=False, fontsize=8)


def _draw_grid(axes: "Axes", chart: Chart) -> None:
    """Draw the counts of a grid with a shade of one colour behind each."""
    values = [[series.values[nth] or 0 for series in chart.series] for nth in range(len(chart.names))]
    axes.set_xticks(range(len(chart.series)), [each.label for each in chart.series])
    axes.set_yticks(range(len(chart.names)), list(chart.names))
    axes.tick_params(length=0)
    if not values:
        return
    most = max(map(max, values)) or 1
    # Pixels of the picture would be squares at any size; so the cells are drawn.
    axes.pcolormesh(values, cmap="Blues", vmin=0, vmax=most, edgecolors="white", linewidth=1)
    axes.set_xticks([at + 0.5 for at in range(len(chart.series))], [each.label for each in chart.series])
    axes.set_yticks([at + 0.5 for at in range(len(chart.names))], list(chart.names))
    axes.invert_yaxis()
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            colour = "white" if value > most * 0.6 else "black"
            axes.text(column + 0.5, row + 0.5, f"{value:,}", ha="center", va="center", color=colour, fontsize=8)
