"""The visual report of a group, from its two tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from matplotlib.figure import Figure

from pvs_workflow.report.charts import distribution_figure, sides_figure
from pvs_workflow.report.embed import svg_uri
from pvs_workflow.report.rendering import write_page
from pvs_workflow.report.saving import svg_bytes
from pvs_workflow.report.sections import GroupSection
from pvs_workflow.science.grading import GRADES
from pvs_workflow.science.slices import HEMISPHERES
from pvs_workflow.science.tables import QC_LEVELS

_MODEL_COLUMNS = ['model', 'model_sha256']
_DIGITS = 2


@dataclass(frozen=True)
class Chart:
    """A figure of the group, ready for the page."""

    title: str
    alt: str
    caption: str
    uri: str


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

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the page cannot be written.

    """
    output_dir = Path(output_dir)
    usable = grades[(grades['qc'] != 'fail') & grades['potter'].notna()]
    return write_page(
        output_dir / 'group_potter.html',
        'group.html.j2',
        summary=_summary(grades),
        charts=_charts(usable),
        image_grades=_image_grades(counts),
        doubtful=_doubtful(grades).to_dict('records'),
        columns=[name for name in grades.columns if name not in _MODEL_COLUMNS],
        grades=grades.to_dict('records'),
        models=grades.groupby(_MODEL_COLUMNS, dropna=False, sort=True).size().reset_index(),
        links=_links(output_dir, grades['participant_id']),
        digits=_DIGITS,
        sections=sections,
    )


def _summary(grades: pd.DataFrame) -> dict[str, int]:
    """Count participants, sessions, T2w and quality levels, in the order of the page."""
    people = grades['participant_id']
    sessions = grades[['participant_id', 'session_id']].drop_duplicates()
    levels = {
        f'T2w with quality {level}': int((grades['qc'] == level).sum()) for level in QC_LEVELS
    }
    return {
        'participants': int(people.nunique()),
        'sessions': len(sessions),
        'T2w': len(grades),
        **levels,
    }


def _doubtful(grades: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that did not pass, the failed ones first."""
    rows = grades[grades['qc'] != 'pass']
    return rows.sort_values('qc', key=lambda level: level != 'fail', kind='stable')


def _charts(usable: pd.DataFrame) -> list[Chart]:
    numbers = ', '.join(f'grade {g}: {int((usable["potter"] == g).sum())}' for g in GRADES)
    left_higher = int((usable['count_left'] > usable['count_right']).sum())
    right_higher = int((usable['count_right'] > usable['count_left']).sum())
    return [
        Chart(
            'Potter grades',
            f'Bar chart of the number of T2w by Potter grade: {numbers}',
            'Number of T2w by Potter grade; those that failed quality control are left out.',
            _uri(distribution_figure(usable['potter'])),
        ),
        Chart(
            'Left against right',
            'Scatter plot of the highest count on the left against that on the right',
            'Highest count of each hemisphere, one point for each T2w: '
            f'{left_higher} with more on the left, {right_higher} with more on the right. Thin '
            'lines part the Potter grades; T2w that failed quality control are left out.',
            _uri(sides_figure(usable['count_left'], usable['count_right'])),
        ),
    ]


def _uri(figure: Figure) -> str:
    return svg_uri(svg_bytes(figure, dpi=72).decode('utf-8'))


def _image_grades(counts: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Count the images of each grade on each side, without those that failed."""
    kept = counts[counts['qc'] != 'fail']
    sides = ((side, kept.loc[kept['hemisphere'] == side, 'potter']) for side in HEMISPHERES)
    return [(side, [int((found == grade).sum()) for grade in GRADES]) for side, found in sides]


def _links(output_dir: Path, participants: pd.Series) -> dict[str, str]:
    """Return the pages that exist, by participant."""
    names = {name: f'{name}.html' for name in participants.unique()}
    return {
        name: quote(page)
        for name, page in names.items()
        if Path(page).name == page and (output_dir / page).is_file()
    }
