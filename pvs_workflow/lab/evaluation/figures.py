"""Figures of a cross-validation, and of a cascade's agreement with the truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pvs_workflow.lab.evaluation.filters import TITLES
from pvs_workflow.lab.evaluation.findings import Evaluation, Findings
from pvs_workflow.lab.evaluation.results import ImageResult
from pvs_workflow.lab.evaluation.tables import (
    by_method,
    contrast_table,
    image_counts,
    participant_counts,
)
from pvs_workflow.lab.training.curves import save_chart, save_reliability
from pvs_workflow.report.agreement_section import draw_confusion, draw_differences
from pvs_workflow.science.grading import UPPER_COUNTS, potter_grade

COLUMNS = 3
_BAR, _DEEP, _LINE = '#9AA5B1', '#0072B2', '#5B6673'


def save_figures(folder: Path, results: Sequence[ImageResult]) -> list[Path]:
    """Save all figures of a cross-validation (with the true ROI), and return their paths."""
    figures = {
        'crossval_cnr.png': contrast_figure(results),
        'crossval_scatter.png': scatter_figure(results),
        'crossval_bland_altman.png': difference_figure(results),
        'crossval_confusion_images.png': confusion_panels(results, image_counts),
        'crossval_confusion_participants.png': confusion_panels(results, participant_counts),
    }
    return [save_chart(Path(folder) / name, figure) for name, figure in figures.items()]


def save_evaluation(stem: Path, evaluation: Evaluation, roi: str = 'roi_errors') -> list[Path]:
    """Save figures of the agreement of counts and of the reliability of grade probabilities.

    ``.png`` and ``_reliability.png`` are added to the stem; ``roi`` is 'true_roi' or 'roi_errors'.
    """
    paths = [stem.with_name(f'{stem.name}{end}.png') for end in ('', '_reliability')]
    save_chart(paths[0], agreement_figure(evaluation.rois[roi]))
    save_reliability(paths[1], evaluation.scores(roi).reliability)
    return paths


def agreement_figure(findings: Findings) -> Figure:
    """Return a figure with scatter and Bland–Altman plots and two confusion matrices."""
    figure = Figure(figsize=(13.2, 3.5), layout='constrained')
    scatter, differences, images, people = (figure.add_subplot(1, 4, i) for i in range(1, 5))
    counts = findings.counts, findings.true
    draw_scatter(scatter, *counts, max(map(np.max, counts)) + 2)
    draw_differences(differences, *counts, np.abs(counts[0] - counts[1]).max() * 1.1 + 1)
    draw_confusion(images, *map(potter_grade, counts))
    draw_confusion(people, *map(potter_grade, findings.participant_counts()))
    scatter.set_title(f'{len(findings.true)} images')
    differences.set_title('Bland–Altman, images')
    images.set_title('grades of images')
    people.set_title(f'grades of {len(set(findings.participants))} people')
    return figure


def contrast_figure(results: Sequence[ImageResult]) -> Figure:
    """Return a bar chart of mean and standard deviation of both contrast-to-noise ratios."""
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


def scatter_figure(results: Sequence[ImageResult]) -> Figure:
    """Return scatter plots of predicted over true image counts, one panel per enhancement."""
    highest = max(max(r.true_count, r.predicted_count) for r in results) + 2
    return _panels(results, lambda axes, part: draw_scatter(axes, *image_counts(part), highest))


def difference_figure(results: Sequence[ImageResult]) -> Figure:
    """Return Bland–Altman plots of image counts, one panel per enhancement."""
    limit = max(abs(r.predicted_count - r.true_count) for r in results) * 1.1 + 1
    return _panels(results, lambda axes, part: draw_differences(axes, *image_counts(part), limit))


def confusion_panels(results: Sequence[ImageResult], counts=image_counts) -> Figure:
    """Return confusion matrices of the grades, one panel per enhancement.

    ``counts`` is :func:`image_counts` or :func:`participant_counts`.
    """
    return _panels(
        results, lambda axes, part: draw_confusion(axes, *map(potter_grade, counts(part)))
    )


def draw_scatter(axes, predicted: np.ndarray, true: np.ndarray, highest: float) -> None:
    """Plot predicted over true counts, with lines between the grades."""
    axes.plot([0, highest], [0, highest], color=_LINE, linewidth=0.8)
    axes.scatter(true, predicted, s=8, alpha=0.5, color=_DEEP, linewidths=0)
    axes.set_xticks([0.5 + upper for upper in UPPER_COUNTS], minor=True)
    axes.set_yticks([0.5 + upper for upper in UPPER_COUNTS], minor=True)
    axes.grid(which='minor', linewidth=0.4)
    axes.set(xlim=(-1, highest), ylim=(-1, highest), aspect='equal')
    axes.set(xlabel='true count', ylabel='predicted count')


def _panels(results: Sequence[ImageResult], draw) -> Figure:
    parts = by_method(results)
    rows, columns = -(-len(parts) // COLUMNS), min(len(parts), COLUMNS)
    figure = Figure(figsize=(3.3 * columns, 3.2 * rows), layout='constrained')
    for index, (method, part) in enumerate(parts.items(), start=1):
        axes = figure.add_subplot(rows, columns, index)
        draw(axes, part)
        axes.set_title(TITLES[method])
    return figure
