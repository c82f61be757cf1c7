"""The visual report of a group, from its two tables."""

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
"""Minimum number of people for an interval of the difference of left and right."""

_RESAMPLES, _BATCH = 2000, 100
"""Resamples of the bootstrap, in all and in memory at once."""


def write_group_page(
    output_dir: Path,
    grades: pd.DataFrame,
    counts: pd.DataFrame,
    sections: Sequence[GroupSection] = (),
) -> Path:
    """Write ``group_potter.html``: one file, to be opened anywhere.

    Parameters
    ----------
    output_dir : Path
        The derivatives; participants whose ``sub-X.html`` is there are linked.
    grades : DataFrame
        The rows of ``group_potter.tsv``: one for each T2w.
    counts : DataFrame
        The rows of ``group_counts.tsv``: six for each T2w.
    sections : sequence of GroupSection
        What else is shown, before all grades.

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
        charts=_charts(usable_rows(grades), counts),
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
    """Count participants, sessions, T2w and quality levels, in the order of the page."""
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
    left_out = 'those that failed quality control are left out.'
    more = f'Thin lines part the Potter grades; {left_out}'
    return [
        draw_chart(
            'Potter grades',
            f'Bar chart of the number of T2w by Potter grade: {numbers}',
            f'Number of T2w by Potter grade; {left_out}',
            distribution_figure(usable['potter']),
        ),
        draw_chart(
            'Counts of T2w',
            f'Histogram of the highest count of each T2w, {_spread(highest)}',
            f'Highest count of the six images of each T2w: {_spread(highest)}. {more}',
            counts_figure(highest, 'T2w'),
        ),
        draw_chart(
            'Counts of images',
            f'Histogram of the counts of all images, {_spread(images)}',
            f'Count of each image, six for each T2w: {_spread(images)}. {more}',
            counts_figure(images, 'images'),
        ),
        draw_chart(
            'Left against right',
            'Scatter plot of the highest count on the left against that on the right',
            f'Highest count of each hemisphere, one point for each T2w: {_sides(usable)} {more}',
            sides_figure(usable['count_left'], usable['count_right']),
        ),
    ]


def _spread(values: pd.Series) -> str:
    if values.empty:
        return 'none'
    lower, median, upper = values.quantile([0.25, 0.5, 0.75])
    return (
        f'median {median:.1f} (quartiles {lower:.1f} to {upper:.1f}), at most {values.max():.1f}'
    )


def _sides(usable: pd.DataFrame) -> str:
    """Say how left and right differ, of all T2w and, for the interval, of one of each person."""
    sides = usable[['participant_id', 'count_left', 'count_right']].dropna()
    difference = sides['count_left'].astype(float) - sides['count_right'].astype(float)
    one_each = np.sort(difference[~sides['participant_id'].duplicated()])
    told = (
        f'{(difference > 0).sum()} with more on the left, {(difference < 0).sum()} with more on '
        'the right.'
    )
    if len(one_each) < _MIN_DIFFERENCES:
        return told
    from scipy.stats import bootstrap

    low, high = bootstrap(
        (one_each,),
        np.median,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        method='percentile',
        rng=np.random.default_rng(0),
    ).confidence_interval
    return (
        f'{told} Left minus right has a median of {_signed(np.median(one_each))} (95 % interval '
        f'{_signed(low)} to {_signed(high)}, bootstrap over {len(one_each)} people, each '
        'with the first T2w).'
    )


def _signed(value: float) -> str:
    return f'{value:+.2f}'.replace('-', '−')


def _image_grades(counts: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Count the images of each grade on each side, without those that failed."""
    kept = counts[counts['qc'] != 'fail']
    sides = ((side, kept.loc[kept['hemisphere'] == side, 'potter']) for side in HEMISPHERES)
    return [(side, [int((found == grade).sum()) for grade in GRADES]) for side, found in sides]


def _links(output_dir: Path, participants: pd.Series) -> dict[str, str]:
    """Return the pages that exist, by participant."""
    pages = {path.stem for path in output_dir.glob('*.html')}
    return {name: quote(f'{name}.html') for name in participants.unique() if name in pages}
