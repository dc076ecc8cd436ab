"""Draw the charts of a report in a terminal. They need no colour: each bar has a name and a figure."""

from io import StringIO

from clinicctl.render.layout import GAP, Console, Heading, Text, cells, shortened
from clinicctl.render.report_charts import Chart, charts
from clinicctl.render.safe_text import visible
from clinicctl.results.reports import Report

_LONGEST_NAME = 20
_LEAST_BAR = 8
_SHADES = " ░▒▓█"
_STYLES = ("cyan", "yellow", "magenta", "green")


def plot(report: Report, *, width: int, coloured: bool, positioned: bool) -> str:
    """Return the charts of a report as lines of a terminal."""
    console = Console(width=width, coloured=coloured, positioned=positioned)
    for chart in charts(report):
        console.print("")
        console.print(Text(visible(chart.title), "bold"))
        if not chart.names:
            console.print(Text("Nothing to draw.", "dim"))
        elif chart.is_grid:
            _print_grid(console, chart)
        else:
            _print_bars(console, chart, width)
    return console.text()


def _print_bars(console: Console, chart: Chart, width: int) -> None:
    """Print a bar for each value: name, label, bar, figure."""
    names = [shortened(visible(each), _LONGEST_NAME) for each in chart.names]
    texts = [[chart.text(series, nth) for series in chart.series] for nth in range(len(names))]
    used = [max(map(cells, names)), max(cells(each.label) for each in chart.series)]
    used.append(max(cells(each) for row in texts for each in row))
    room = max(_LEAST_BAR, width - sum(used) - len(used) * GAP)
    most = max((value for series in chart.series for value in series.values if value is not None), default=0)
    rows = [
        [
            Text(name if nth == 0 else "", "bold"),
            Text(series.label),
            Text(_bar(series.values[at] or 0, most, room), _STYLES[nth]),
            Text(texts[at][nth]),
        ]
        for at, name in enumerate(names)
        for nth, series in enumerate(chart.series)
    ]
    headings = [Heading(wraps=False), Heading(wraps=False), Heading(wraps=False), Heading(right=True, wraps=False)]
    console.table(headings, rows)


def _bar(value: float, most: float, width: int) -> str:
    """Return a bar of block elements, to an eighth of a cell."""
    # Deferred: most commands draw no bars.
    from rich.bar import Bar
    from rich.console import Console as RichConsole

    if not value:
        return ""
    drawn = RichConsole(file=StringIO(), width=width, color_system=None, legacy_windows=False, force_terminal=False)
    with drawn.capture() as captured:
        drawn.print(Bar(most, 0, value, width=width))
    return captured.get().rstrip("\n ")


def _print_grid(console: Console, chart: Chart) -> None:
    """Print the counts of a grid, each with a shade: the darker, the more."""
    most = max((value or 0 for series in chart.series for value in series.values), default=0)
    rows = [
        [Text(name, "bold"), *(shaded(series.values[nth] or 0, most) for series in chart.series)]
        for nth, name in enumerate(chart.names)
    ]
    titles = [Heading("Hour", wraps=False), *(Heading(each.label, right=True, wraps=False) for each in chart.series)]
    console.table(titles, rows)


def shaded(value: float, most: float) -> Text:
    """Return a count with its shade."""
    shade = _SHADES[0 if not value else max(1, round(value / most * (len(_SHADES) - 1)))]
    return Text(f"{shade}{shade} {value:,}")
