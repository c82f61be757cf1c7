"""The figures of a cross-validation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.lab.evaluation.results import ImageResult
from pvs_workflow.lab.evaluation.tables import (
    by_method,
    contrast_table,
    image_counts,
    participant_counts,
)
from pvs_workflow.report.agreement_charts import draw_confusion, draw_differences
from pvs_workflow.science.grading import UPPER_COUNTS, potter_grade

TITLES = {
    'none': 'none',
    'tophat': 'top-hat',
    'clahe': 'CLAHE',
    'laplacian': 'Laplacian',
    'frangi': 'Frangi',
    'deep': 'deep (U-Net)',
}
COLUMNS = 3
_BAR, _DEEP, _LINE = '#9AA5B1', '#0072B2', '#5B6673'


def save_figures(folder: Path, results: Sequence[ImageResult]) -> list[Path]:
    """Draw all figures of a cross-validation, counts with the true ROI.

    Parameters
    ----------
    folder : Path
    results : sequence of ImageResult

    Returns
    -------
    list of Path
        The PNG files.

    """
    drawn = {
        'crossval_cnr.png': contrast_figure(results),
        'crossval_scatter.png': scatter_figure(results),
        'crossval_bland_altman.png': difference_figure(results),
        'crossval_confusion_images.png': confusion_figure(results, image_counts),
        'crossval_confusion_participants.png': confusion_figure(results, participant_counts),
    }
    for name, figure in drawn.items():
        with atomic_path(Path(folder) / name) as path:
            figure.savefig(path, dpi=120, metadata={'Software': None})
    return [Path(folder) / name for name in drawn]


def contrast_figure(results: Sequence[ImageResult]):
    """Show mean and standard deviation of both contrast-to-noise ratios as bars.

    Returns
    -------
    matplotlib.figure.Figure

    """
    from matplotlib.figure import Figure

    table = contrast_table(results)
    figure = Figure(figsize=(9, 3.2), layout='constrained')
    titles = {'cnr': 'against the grain', 'cnr_tissue': 'against all of the tissue'}
    for index, (name, title) in enumerate(titles.items(), start=1):
        axes = figure.add_subplot(1, 2, index)
        methods = [method for method in table if table[method][name]['mean'] is not None]
        axes.bar(
            [TITLES[method] for method in methods],
            [table[method][name]['mean'] for method in methods],
            yerr=[table[method][name]['sd'] or 0 for method in methods],
            color=[_DEEP if method == 'deep' else _BAR for method in methods],
            ecolor=_LINE,
            capsize=3,
        )
        axes.tick_params(axis='x', rotation=30)
        axes.set(title=title, ylabel='CNR')
    return figure


def scatter_figure(results: Sequence[ImageResult]):
    """Show predicted over true counts of images, a panel per enhancement.

    Returns
    -------
    matplotlib.figure.Figure

    """
    figure, panels = _panels(results)
    highest = max(max(r.true_count, r.predicted_count) for r in results) + 2
    for axes, part in panels:
        draw_scatter(axes, *image_counts(part), highest)
    return figure


def difference_figure(results: Sequence[ImageResult]):
    """Show Bland–Altman plots of the counts of images, a panel per enhancement.

    Returns
    -------
    matplotlib.figure.Figure

    """
    figure, panels = _panels(results)
    largest = max(abs(r.predicted_count - r.true_count) for r in results) * 1.1 + 1
    for axes, part in panels:
        draw_differences(axes, *image_counts(part), largest)
    return figure


def confusion_figure(results: Sequence[ImageResult], counts=image_counts):
    """Show how often each true grade was predicted as which, a panel per enhancement.

    Parameters
    ----------
    results : sequence of ImageResult
    counts : callable
        :func:`image_counts` or :func:`participant_counts`.

    Returns
    -------
    matplotlib.figure.Figure

    """
    figure, panels = _panels(results)
    for axes, part in panels:
        draw_confusion(axes, *map(potter_grade, counts(part)))
    return figure


def draw_scatter(axes, predicted: np.ndarray, true: np.ndarray, highest: float) -> None:
    """Show predicted over true counts, with the borders of the grades."""
    axes.plot([0, highest], [0, highest], color=_LINE, linewidth=0.8)
    axes.scatter(true, predicted, s=8, alpha=0.5, color=_DEEP, linewidths=0)
    axes.set_xticks([0.5 + upper for upper in UPPER_COUNTS], minor=True)
    axes.set_yticks([0.5 + upper for upper in UPPER_COUNTS], minor=True)
    axes.grid(which='minor', linewidth=0.4)
    axes.set(xlim=(-1, highest), ylim=(-1, highest), aspect='equal')
    axes.set(xlabel='true count', ylabel='predicted count')


def _panels(results: Sequence[ImageResult]):
    from matplotlib.figure import Figure

    parts = by_method(results)
    rows, columns = -(-len(parts) // COLUMNS), min(len(parts), COLUMNS)
    figure = Figure(figsize=(3.3 * columns, 3.2 * rows), layout='constrained')
    panels = []
    for index, (method, part) in enumerate(parts.items(), start=1):
        axes = figure.add_subplot(rows, columns, index)
        axes.set_title(TITLES[method])
        panels.append((axes, part))
    return figure, panels
