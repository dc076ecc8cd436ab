"""Write a report as one HTML page, which needs nothing from elsewhere.

The page allows itself only its own style and its own script, by the hash of the script.
"""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Any

from clinicctl.render import report_pictures, reports
from clinicctl.render.report_charts import Chart, charts
from clinicctl.render.safe_text import visible
from clinicctl.results.reports import Report
from clinicctl.rules.report_words import REPORTS

_STYLE = """
html { font-size: clamp(1rem, .375rem + .57vw, 2rem); }
:root { color-scheme: light; --line: #d0d7de; --soft: #f6f8fa; --dim: #57606a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: #fff; color: #1f2328;
  font: 1rem/1.5 system-ui, "Noto Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.dim { color: var(--dim); overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; overflow-x: auto; }
figure svg { width: 100%; height: auto; min-width: 34rem; max-width: 54rem; display: block; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: end; white-space: nowrap; }
th:first-child, td:first-child { text-align: start; }
thead th { background: var(--soft); vertical-align: bottom; white-space: normal; }
tbody tr:hover { background: var(--soft); }
tfoot td, tfoot th { font-weight: 600; border-top: 2px solid var(--dim); }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid #1b6ca8; }
th button::after { content: "\\a0\\2195"; color: var(--dim); }
th[aria-sort=ascending] button::after { content: "\\a0\\2191"; }
th[aria-sort=descending] button::after { content: "\\a0\\2193"; }
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; }
  th button::after { content: "" !important; }
  th, td { padding: 2pt 4pt; }
  figure, tr, .definitions { break-inside: avoid; }
  figure { margin: .75rem 0; }
  figure svg { max-width: 40rem; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  .wide, figure { overflow: visible; }
  @page { size: A4 landscape; margin: 12mm; }
}
"""

_SCRIPT = """
"use strict";
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const down = head.getAttribute("aria-sort") === "ascending";
    const column = [...head.parentNode.children].indexOf(head);
    const body = head.closest("table").tBodies[0];
    const key = (row) => row.cells[column].dataset.value;
    const compare = (one, other) => {
      const [a, b] = [key(one), key(other)];
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
      return down ? -order : order;
    };
    body.append(...[...body.rows].sort(compare));
    for (const each of head.parentNode.children) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  });
}
"""

_CODE, _AS_CODE = re.compile("`(.+?)`"), r"<code>\1</code>"
"""A command in a definition, and how it is marked."""


def page(report: Report) -> str:
    """Return a report as a page with charts, a sortable table and definitions."""
    words = REPORTS[report.report]
    digest = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    title = reports.title(report)
    about = f"<bdi>{_text(report.clinic)}</bdi>, made {report.made_at:%Y-%m-%d %H:%M}"
    definitions = "".join(f"<p>{_CODE.sub(_AS_CODE, _text(each))}</p>\n" for each in words.definitions)
    head = f'<p class="dim">{_text(reports.head(report))}</p>\n' if reports.head(report) else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<header>\n<h1 dir="auto">{_text(title)}</h1>\n<p class="dim">{about}</p>\n</header>\n'
        f"<main>\n{''.join(map(_figure, charts(report)))}{_table(report)}{head}"
        f'<section class="definitions">\n<h2>Definitions</h2>\n{definitions}</section>\n</main>\n'
        f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _figure(chart: Chart) -> str:
    """Return a chart. Its figures are in the table, too."""
    if not chart.names:
        return ""
    picture = report_pictures.svg(chart).replace("<svg ", f'<svg role="img" aria-label="{_text(chart.title)}" ', 1)
    return f"<figure>{picture}</figure>\n"


def _table(report: Report) -> str:
    names = reports.columns(report)
    titles = "".join(
        f'<th scope="col"><button type="button">{_text(reports.heading(name, report.by))}</button></th>'
        for name in names
    )
    body = "".join(
        f"<tr>{''.join(_cell(name, getattr(row, name)) for name in names)}</tr>\n" for row in reports.data(report)
    )
    (_, *figures) = (_cell(name, report.total[name]) for name in names)
    return (
        f'<div class="wide"><table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{body}</tbody>\n'
        f'<tfoot><tr><th scope="row">Total</th>{"".join(figures)}</tr></tfoot>\n</table></div>\n'
    )


def _cell(name: str, value: Any) -> str:
    key = "" if value is None else visible(str(value))
    return f'<td data-value="{escape(key)}"><bdi>{_text(reports.cell(name, value))}</bdi></td>'


def _text(text: str) -> str:
    return escape(visible(text))
