"""Section of the group page on change between sessions, with its charts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pvs_workflow.cohort.change import MIN_PAIRS, PUBLIC_RESCAN, Comparison
from pvs_workflow.cohort.pairs import RESCAN_DAYS
from pvs_workflow.report.canvas import INK, figure_style
from pvs_workflow.report.charts import (
    BAND,
    BAR,
    LINE,
    MAX_VECTOR_ELEMENTS,
    count_limit,
    draw_bounds,
    draw_points,
    new_chart,
)
from pvs_workflow.report.sections import GroupSection, draw_chart

# Vermillion and blue of Okabe and Ito's palette; changes within the limits are drawn first.
COLOURS = {'within': BAR, 'increase': '#D55E00', 'decrease': '#0072B2'}
_MARKERS = {'within': 'o', 'increase': '^', 'decrease': 'v'}


def change_section(comparison: Comparison) -> GroupSection:
    """Return the section on changes between consecutive sessions.

    Parameters
    ----------
    comparison : Comparison
        With at least one change.

    """
    changes, threshold = comparison.changes, comparison.threshold
    sources = Counter(comparison.sources.values())
    classified = changes[changes['change'].notna()]
    classes = classified['change'].to_numpy(dtype=object)
    numbers = {name: int((classes == name).sum()) for name in ('increase', 'decrease', 'within')}
    beyond = changes['change'].isin(['increase', 'decrease'])
    charts = []
    if len(classified):
        first, second = classified[['count_max_first', 'count_max_second']].to_numpy(float).T
        summary = ', '.join(f'{name}: {number}' for name, number in numbers.items())
        has_band = threshold.kind == 'repeatability'
        band = 'The band is the repeatability coefficient. ' if has_band else ''
        charts = [
            draw_chart(
                'From session to session',
                'Lines from the highest count of the first session to that of the second; '
                f'{summary}',
                'One line for each pair of sessions: orange for an increase beyond the threshold, '
                'blue and dashed for a decrease, grey for neither. Short black bars are medians.',
                paths_figure(first, second, classes),
            ),
            draw_chart(
                'Change by count',
                f'Change in the highest count against the mean of both sessions; {summary}',
                f'{band}Triangles are changes beyond the threshold.',
                change_figure(first, second, classes, threshold.limit),
            ),
        ]
    return GroupSection(
        'change',
        'Change between sessions',
        {
            'people': int(changes['participant_id'].nunique()),
            'pairs': len(changes),
            'not_comparable': len(changes) - len(classified),
            'by_times': sources['times'],
            'by_labels': sources['labels'],
            'unordered': [name for name, source in comparison.sources.items() if not source],
            'copies': [tuple(PurePosixPath(t2w).name for t2w in p) for p in comparison.copies],
            'numbers': numbers,
            'threshold': threshold,
            'public': PUBLIC_RESCAN,
            'public_limit': 1.96 * 2**0.5 * PUBLIC_RESCAN.within_sd,
            'min_pairs': MIN_PAIRS,
            'rescan_days': RESCAN_DAYS,
            'charts': charts,
            'rows': pd.concat([changes[beyond], changes[~beyond]]).to_dict('records'),
        },
    )


@figure_style()
def paths_figure(first: np.ndarray, second: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw the highest counts of each pair of sessions as a line from the first to the second.

    Parameters
    ----------
    first, second : (n,) arrays
        Finite highest counts.
    classes : (n,) array of {'increase', 'decrease', 'within'}

    """
    figure, axes = new_chart(ylabel='highest count of the six images')
    top = count_limit(first, second)
    draw_bounds(axes.axhline, top)
    for kind, colour in COLOURS.items():
        pairs = np.stack([first, second], axis=-1)[np.asarray(classes) == kind]
        within = kind == 'within'
        lines = LineCollection(
            [[(0, one), (1, two)] for one, two in pairs],
            colors=colour,
            linestyles='--' if kind == 'decrease' else '-',
            linewidths=0.8 if within else 1.4,
            alpha=0.25 if within and len(pairs) > 100 else 0.9,
            rasterized=len(first) > MAX_VECTOR_ELEMENTS,
        )
        axes.add_collection(lines)
    for x, values in ((0, first), (1, second)):
        axes.plot([x - 0.03, x + 0.03], [np.median(values)] * 2, color=INK, linewidth=2.2)
    axes.set(xlim=(-0.15, 1.15), ylim=(-0.02 * top, top))
    axes.set_xticks([0, 1], ['first session', 'second session'])
    return figure


@figure_style()
def change_figure(
    first: np.ndarray, second: np.ndarray, classes: Sequence[str], limit: float
) -> Figure:
    """Draw the change in the highest count of each pair against its mean (Bland & Altman 1986).

    Parameters
    ----------
    first, second, classes
        As in :func:`paths_figure`.
    limit : float
        The repeatability coefficient, drawn as a band unless NaN.

    """
    change, mean = second - first, (first + second) / 2
    figure, axes = new_chart('mean of the two highest counts', 'second − first')
    if np.isfinite(limit):
        axes.axhspan(-limit, limit, color=BAND, zorder=0)
    axes.axhline(0, color=LINE, linewidth=0.9)
    for kind, colour in COLOURS.items():
        members = np.asarray(classes) == kind
        alpha = 0.85 if kind != 'within' or len(first) < 200 else 0.3
        style = {'marker': _MARKERS[kind], 'color': colour, 'alpha': alpha}
        draw_points(axes, mean[members], change[members], **style)
    largest = 1.15 * max(1.0, *np.abs(change), limit if np.isfinite(limit) else 0)
    axes.set(ylim=(-largest, largest), xlim=(0, 1.08 * max(1.0, *mean)))
    return figure
