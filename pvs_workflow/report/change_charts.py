"""Charts of change between sessions."""

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import INK, PAPER, house_style, new_figure
from pvs_workflow.report.charts import BAR, GRID, LINE, MANY, new_chart
from pvs_workflow.science.grading import UPPER_COUNTS

# Vermillion and blue of Okabe and Ito's palette.
COLOURS = {'increase': '#D55E00', 'decrease': '#0072B2', 'within': BAR}
_DASHED = {'increase': '-', 'decrease': '--', 'within': '-'}


@house_style()
def paths_figure(
    first: Sequence[float], second: Sequence[float], verdicts: Sequence[str]
) -> Figure:
    """Show the highest count of each pair of sessions as a line from the first to the second.

    Parameters
    ----------
    first, second : sequences of float
        Finite highest counts.
    verdicts : sequence of {'increase', 'decrease', 'within'}

    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.14, 0.14, 0.82, 0.8))
    top = 1.08 * float(max(UPPER_COUNTS[1], first.max(initial=0), second.max(initial=0)))
    for bound in UPPER_COUNTS:
        if bound < top:
            axes.axhline(bound + 0.5, color=GRID, linewidth=0.8, zorder=0)
    many = len(first) > MANY
    for kind in ('within', 'increase', 'decrease'):
        chosen = _of(verdicts, kind)
        lines = [
            [(0, one), (1, two)] for one, two in zip(first[chosen], second[chosen], strict=True)
        ]
        faint = kind == 'within' and len(lines) > 100
        axes.add_collection(
            LineCollection(
                lines,
                colors=COLOURS[kind],
                linestyles=_DASHED[kind],
                linewidths=0.8 if kind == 'within' else 1.4,
                alpha=0.25 if faint else 0.9,
                rasterized=many,
            )
        )
    for place, values in ((0, first), (1, second)):
        axes.plot([place - 0.03, place + 0.03], [np.median(values)] * 2, color=INK, linewidth=2.2)
    axes.set_xlim(-0.15, 1.15)
    axes.set_ylim(-0.02 * top, top)
    axes.set_xticks([0, 1], ['first session', 'second session'])
    axes.set_ylabel('highest count of the six images', fontsize=9, color=INK)
    return figure


@house_style()
def change_figure(
    first: Sequence[float], second: Sequence[float], verdicts: Sequence[str], limit: float
) -> Figure:
    """Show each pair's change of the highest count against its mean (Bland & Altman 1986).

    Parameters
    ----------
    first, second : sequences of float
        Finite highest counts.
    verdicts : sequence of {'increase', 'decrease', 'within'}
    limit : float
        The repeatability coefficient, shown as a band; none where it is NaN.

    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    change, mean = second - first, (first + second) / 2
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.14, 0.14, 0.82, 0.8))
    if np.isfinite(limit):
        axes.axhspan(-limit, limit, color='#E8EEF4', zorder=0)
    axes.axhline(0, color=LINE, linewidth=0.9)
    markers = {'increase': '^', 'decrease': 'v', 'within': 'o'}
    for kind, marker in markers.items():
        chosen = _of(verdicts, kind)
        axes.scatter(
            mean[chosen],
            change[chosen],
            s=26,
            marker=marker,
            color=COLOURS[kind],
            alpha=0.85 if kind != 'within' or len(first) < 200 else 0.3,
            linewidths=0,
            rasterized=len(first) > MANY,
        )
    reach = 1.15 * max(float(np.abs(change).max(initial=1)), limit if np.isfinite(limit) else 0)
    axes.set_ylim(-reach, reach)
    axes.set_xlim(0, 1.08 * max(1.0, float(mean.max(initial=0))))
    axes.set_xlabel('mean of the two highest counts', fontsize=9, color=INK)
    axes.set_ylabel('second − first', fontsize=9, color=INK)
    return figure


def _of(verdicts: Sequence[str], kind: str) -> np.ndarray:
    return np.asarray(verdicts, dtype=object) == kind
