"""Figures of one cascade: agreement with the truth, and how it changes with the acquisition."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.lab.evaluation.figures import draw_scatter
from pvs_workflow.lab.evaluation.findings import Evaluation, Findings
from pvs_workflow.lab.training.curves import save_reliability
from pvs_workflow.report.agreement_charts import draw_confusion, draw_differences
from pvs_workflow.science.grading import potter_grade

_TRUE, _ERRING, _LINE = '#9AA5B1', '#0072B2', '#5B6673'
_DOTS_PER_INCH = 120
_SERIES = (('true_roi', 'true ROI', _TRUE), ('roi_errors', 'ROI with errors', _ERRING))
_PANELS = (
    ('mae', 'MAE of counts', None),
    ('image_accuracy', 'right grade of images', (0, 1.02)),
    ('interval_coverage', 'coverage of intervals', (0, 1.02)),
)


def save_figure(target: Path, figure) -> None:
    """Write a figure as PNG, in one step and without the date."""
    with atomic_path(target) as path:
        figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={'Software': None})


def save_evaluation(stem: Path, found: Evaluation, roi: str = 'roi_errors') -> list[Path]:
    """Draw how counts agree with the truth, and what grade probabilities are worth.

    Parameters
    ----------
    stem : Path
        Without suffix: ``.png`` and ``_reliability.png`` are added.
    found : Evaluation
    roi : {'true_roi', 'roi_errors'}

    Returns
    -------
    list of Path

    """
    paths = [stem.with_name(f'{stem.name}{end}.png') for end in ('', '_reliability')]
    save_figure(paths[0], agreement_figure(found.rois[roi]))
    save_reliability(paths[1], found.scores(roi).reliability)
    return paths


def agreement_figure(found: Findings):
    """Show scatter, Bland–Altman and confusions of images and participants side by side.

    Parameters
    ----------
    found : Findings

    Returns
    -------
    matplotlib.figure.Figure

    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.2, 3.5), layout='constrained')
    scatter, differences, images, people = (figure.add_subplot(1, 4, i) for i in range(1, 5))
    counts = found.counts, found.true
    draw_scatter(scatter, *counts, max(map(np.max, counts)) + 2)
    draw_differences(differences, *counts, np.abs(counts[0] - counts[1]).max() * 1.1 + 1)
    draw_confusion(images, *map(potter_grade, counts))
    draw_confusion(people, *map(potter_grade, found.people()))
    scatter.set_title(f'{len(found.true)} images')
    differences.set_title('Bland–Altman, images')
    images.set_title('grades of images')
    people.set_title(f'grades of {len(set(found.participants))} people')
    return figure


def shift_figure(factors: Mapping[str, Sequence[Mapping]], titles: Mapping[str, str]):
    """Show error, accuracy and coverage over the levels of each factor.

    Parameters
    ----------
    factors : mapping of str to sequence of mapping
        For each factor its levels, each with ``level``, ``true_roi`` and ``roi_errors``.
    titles : mapping of str to str
        What each factor's axis is called.

    Returns
    -------
    matplotlib.figure.Figure
        A column per factor, a row per measure. The dashed line is what intervals promise.

    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.1 * len(factors), 7.2), layout='constrained')
    for column, (factor, levels) in enumerate(factors.items(), start=1):
        at = [part['level'] for part in levels]
        for row, (name, title, limits) in enumerate(_PANELS):
            axes = figure.add_subplot(len(_PANELS), len(factors), row * len(factors) + column)
            for roi, label, colour in _SERIES:
                values = [part[roi][name] for part in levels]
                axes.plot(at, values, marker='o', markersize=4, color=colour, label=label)
            limits = limits or (0, 1.1 * max(p[roi][name] for p in levels for roi, *_ in _SERIES))
            if name == 'interval_coverage':
                axes.axhline(0.9, color=_LINE, linewidth=0.8, linestyle='--')
            axes.set(ylim=limits, xlabel=titles[factor], ylabel=title if column == 1 else '')
            axes.set_xticks(at, [f'{level:g}' for level in at])
            if row == 0 and column == 1:
                axes.legend(frameon=False, fontsize='small')
    return figure


def sessions_figure(sessions: Sequence[Mapping]):
    """Show the counts of the six images of every real session.

    Parameters
    ----------
    sessions : sequence of mapping
        Each with ``participant``, ``session`` and ``counts``.

    Returns
    -------
    matplotlib.figure.Figure
        Lines part the grades.

    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 1.1 * len(sessions), 3.4), layout='constrained')
    axes = figure.add_subplot()
    names = [f'{part["participant"]}\n{part["session"]}'.strip() for part in sessions]
    for place, part in enumerate(sessions):
        aside = np.linspace(-0.25, 0.25, len(part['counts']))
        axes.scatter(place + aside, part['counts'], s=22, color=_ERRING, linewidths=0)
    for border in (0.5, 10.5):
        axes.axhline(border, color=_LINE, linewidth=0.8, linestyle='--')
    axes.set(ylim=(-0.5, None), ylabel='predicted count of each image')
    axes.set_xticks(range(len(names)), names)
    return figure
