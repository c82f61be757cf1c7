"""Visual report of a group, from its tables of grades and counts."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.columns import TEXT_COLUMNS
from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.report.charts import counts_figure, distribution_figure, sides_figure
from pvs_workflow.report.rendering import write_page
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart, usable_rows
from pvs_workflow.science.grading import GRADES
from pvs_workflow.science.slices import HEMISPHERES

_MODEL_COLUMNS = ['model', 'model_sha256']
_DIGITS = 2

_MIN_DIFFERENCES = 5
"""Minimum number of participants for an interval of the left–right difference."""

_RESAMPLES, _BATCH = 2000, 100
"""Number of bootstrap resamples, in total and in memory at once."""


def write_group_page(
    output_dir: Path,
    grades: pd.DataFrame,
    counts: pd.DataFrame,
    sections: Sequence[GroupSection] = (),
    warnings: Sequence[str] = (),
) -> Path:
    """Write ``group_potter.html``, a self-contained file.

    Parameters
    ----------
    output_dir : Path
        The derivatives; participants with an existing ``sub-X.html`` are linked.
    grades : DataFrame
        The rows of ``group_potter.tsv``: one for each T2w.
    counts : DataFrame
        Rows of ``group_counts.tsv``: six for each selected T2w.
    sections : sequence of GroupSection
        Further sections, shown before the table of all grades.
    warnings : sequence of str
        Sentences shown at the top; text is escaped.

    Raises
    ------
    OutputError
        If the page cannot be written.

    """
    doubtful = grades[grades['qc'] != 'pass']
    doubtful = doubtful.sort_values('qc', key=lambda level: level != 'fail', kind='stable')
    return write_page(
        output_dir / 'group_potter.html',
        'group.html.j2',
        summary=_summary(grades),
        warnings=warnings,
        charts=_charts(usable_rows(grades[grades['selected'] == 'true']), counts),
        image_grades=_image_grades(counts),
        doubtful=doubtful.to_dict('records'),
        columns=[name for name in grades.columns if name not in _MODEL_COLUMNS],
        grades=grades.to_dict('records'),
        models=grades.groupby(_MODEL_COLUMNS, dropna=False, sort=True).size().reset_index(),
        links=_links(output_dir, grades['participant_id']),
        digits=_DIGITS,
        number_columns=set(grades.columns) - TEXT_COLUMNS,
        sections=sections,
        scripts=['datatables/dataTables.min.js', 'tables.js'],
    )


def _summary(grades: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of participants, sessions, T2w and quality levels, in page order."""
    return {
        'participants': grades['participant_id'].nunique(),
        'sessions': len(grades[['participant_id', 'session_id']].drop_duplicates()),
        'T2w': len(grades),
        **{f'T2w with quality {level}': (grades['qc'] == level).sum() for level in QC_LEVELS},
    }


def _charts(usable: pd.DataFrame, counts: pd.DataFrame) -> list[Chart]:
    numbers = ', '.join(f'grade {g}: {int((usable["potter"] == g).sum())}' for g in GRADES)
    images = counts.loc[counts['qc'] != 'fail', 'count'].dropna().astype(float)
    highest = usable['count_max'].dropna().astype(float)
    note = (
        'One T2w of each participant and session, as selected in the table of all grades; those '
        'that failed quality control are excluded.'
    )
    image_note = 'Images that failed quality control are excluded.'
    lines = 'Thin lines separate the Potter grades.'
    return [
        draw_chart(
            'Potter grades',
            f'Bar chart of the number of T2w by Potter grade: {numbers}',
            f'Number of T2w by Potter grade. {note}',
            distribution_figure(usable['potter']),
        ),
        draw_chart(
            'Highest count of each T2w',
            f'Histogram of the highest count of each T2w: {_spread(highest)}',
            f'Highest count of the six images of each T2w: {_spread(highest)}. {lines} {note}',
            counts_figure(highest, 'T2w'),
        ),
        draw_chart(
            'Counts of all images',
            f'Histogram of the counts of all images: {_spread(images)}',
            f'Count of each image, six for each selected T2w: {_spread(images)}. {lines} '
            f'{image_note}',
            counts_figure(images, 'images'),
        ),
        draw_chart(
            'Left against right',
            'Scatter plot of the highest count on the left against that on the right',
            'Highest count of each hemisphere, one point for each T2w. '
            f'{_sides(usable)} {lines} {note}',
            sides_figure(usable['count_left'], usable['count_right']),
        ),
    ]


def _spread(values: pd.Series) -> str:
    if values.empty:
        return 'none'
    lower, median, upper = values.quantile([0.25, 0.5, 0.75])
    return (
        f'median {median:.1f} (quartiles {lower:.1f} to {upper:.1f}), maximum {values.max():.1f}'
    )


def _sides(usable: pd.DataFrame) -> str:
    """Describe the left–right differences of all T2w, and of the first T2w of each participant."""
    sides = usable[['participant_id', 'count_left', 'count_right']].dropna()
    difference = sides['count_left'].astype(float) - sides['count_right'].astype(float)
    first_t2w = np.sort(difference[~sides['participant_id'].duplicated()])
    numbers = (
        f'{(difference > 0).sum()} T2w have more on the left, {(difference < 0).sum()} more on '
        'the right.'
    )
    if len(first_t2w) < _MIN_DIFFERENCES:
        return numbers
    from scipy.stats import bootstrap

    low, high = bootstrap(
        (first_t2w,),
        np.median,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        method='percentile',
        rng=np.random.default_rng(0),
    ).confidence_interval
    median, lower, upper = map(_format_signed, (np.median(first_t2w), low, high))
    return (
        f'{numbers} The difference (left − right) has a median of {median} (95 % interval {lower} '
        f'to {upper}; bootstrap over the first T2w of {len(first_t2w)} participants).'
    )


def _format_signed(value: float) -> str:
    return f'{value:+.2f}'.replace('-', '−')


def _image_grades(counts: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Return the number of images of each grade on each side, without images that failed."""
    usable = counts[counts['qc'] != 'fail']
    sides = ((side, usable.loc[usable['hemisphere'] == side, 'potter']) for side in HEMISPHERES)
    return [(side, [int((grades == grade).sum()) for grade in GRADES]) for side, grades in sides]


def _links(output_dir: Path, participants: pd.Series) -> dict[str, str]:
    """Return the links to existing pages, by participant."""
    pages = {path.stem for path in output_dir.glob('*.html')}
    return {name: quote(f'{name}.html') for name in participants.unique() if name in pages}
