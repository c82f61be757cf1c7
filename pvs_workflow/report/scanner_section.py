"""The group page's section of scanners and sites."""

from dataclasses import dataclass

import pandas as pd

from pvs_workflow.report.cohort_charts import strata_figure
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart
from pvs_workflow.science.grading import GRADES

STRATA = {
    'scanner': 'Scanner',
    'institution': 'Institution',
    'site': 'Site',
    'slice': 'Slice thickness',
}
"""Columns of the rows that tell where and how a T2w was acquired, and their headings."""

_MOST_DRAWN = 12
UNKNOWN = 'not known'


@dataclass(frozen=True)
class Stratum:
    """One scanner, site or the like.

    Attributes
    ----------
    label : str
    people, scans : int
        Scans that did not fail quality control, and people who have one.
    grades : tuple of 5 int
        Scans of each grade.
    median, lower, upper : float
        Median and quartiles of the highest count; NaN without scans.
    doubtful : int
        Scans whose quality is review or fail.

    """

    label: str
    people: int
    scans: int
    grades: tuple[int, ...]
    median: float
    lower: float
    upper: float
    doubtful: int


def scanner_section(rows: pd.DataFrame) -> GroupSection:
    """Compare grades and counts by scanner, institution, site and slice thickness.

    Parameters
    ----------
    rows : DataFrame
        Grades, with the columns of :data:`STRATA`: text, or missing.

    """
    kinds = []
    for column, heading in STRATA.items():
        if column not in rows or not rows[column].notna().any():
            continue
        labels = rows[column].fillna(UNKNOWN).astype(str)
        # The largest first; of equal ones, by name.
        sizes = labels.value_counts()
        order = sorted(sizes.index, key=lambda label: (-sizes[label], label))
        parts = dict(list(rows.groupby(labels)))
        strata = [summarise(label, parts[label]) for label in order]
        kinds.append((heading, strata, _charts(heading, rows, labels, order)))
    return GroupSection('scanners', 'Scanners and sites', 'scanners.html.j2', {'kinds': kinds})


def summarise(label: str, rows: pd.DataFrame) -> Stratum:
    """Summarise the results of one stratum."""
    usable = _usable(rows)
    lower, median, upper = usable['count_max'].astype(float).quantile([0.25, 0.5, 0.75])
    return Stratum(
        label,
        int(usable['participant_id'].nunique()),
        len(usable),
        tuple(int((usable['potter'] == grade).sum()) for grade in GRADES),
        median,
        lower,
        upper,
        int((rows['qc'] != 'pass').sum()),
    )


def _charts(
    heading: str, rows: pd.DataFrame, labels: pd.Series, order: list[str]
) -> tuple[Chart, ...]:
    usable = _usable(rows)
    own = labels[usable.index]
    counts = {
        label: usable.loc[own == label, 'count_max'].dropna().astype(float).tolist()
        for label in order
    }
    counts = {label: values for label, values in counts.items() if values}
    if not 1 < len(counts) <= _MOST_DRAWN:
        return ()
    return (
        draw_chart(
            f'Highest count by {heading.lower()}',
            f'Box plots of the highest count by {heading.lower()}; the table has the numbers',
            'Median, quartiles and range (without outliers) of the highest count of each T2w; '
            'points are T2w, of large sets 300 drawn at random. T2w that failed quality control '
            'are left out.',
            strata_figure(counts),
        ),
    )


def _usable(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows['qc'] != 'fail') & rows['potter'].notna()]
