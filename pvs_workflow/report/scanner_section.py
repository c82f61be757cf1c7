"""The group page's section of scanners and sites."""

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

MAX_STRATA = 12
"""More are in the table only."""


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
        parts = list(rows.groupby(rows[column].fillna('not known').astype(str), sort=True))
        parts.sort(key=lambda part: -len(part[1]))  # of equal ones, by name
        counts = {label: usable_rows(part)['count_max'] for label, part in parts}
        points = 'points are T2w that did not fail quality control'
        charts = counts_chart(heading.lower(), counts, points)
        kinds.append((heading, [summarise(label, part) for label, part in parts], charts))
    return GroupSection('scanners', 'Scanners and sites', 'scanners.html.j2', {'kinds': kinds})


def summarise(label: str, rows: pd.DataFrame) -> dict:
    """Summarise one scanner, site or the like, as a row of ``strata.html.j2``.

    People and scans, scans of each grade, and quartiles of the highest count (NaN without scans)
    are of scans that did not fail quality control; doubtful ones are to be reviewed or failed.
    """
    usable = usable_rows(rows)
    lower, median, upper = usable['count_max'].astype(float).quantile([0.25, 0.5, 0.75])
    return {
        'label': label,
        'people': usable['participant_id'].nunique(),
        'scans': len(usable),
        'grades': [(usable['potter'] == grade).sum() for grade in GRADES],
        'median': median,
        'lower': lower,
        'upper': upper,
        'doubtful': (rows['qc'] != 'pass').sum(),
    }


def usable_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that did not fail quality control and have a grade."""
    return rows[(rows['qc'] != 'fail') & rows['potter'].notna()]


def counts_chart(by: str, counts: dict[str, pd.Series], points: str) -> list[Chart]:
    """Draw the highest counts of some strata; none where they are too many or only one."""
    counts = {label: own.dropna().astype(float).tolist() for label, own in counts.items()}
    counts = {label: own for label, own in counts.items() if own}
    if not 1 < len(counts) <= MAX_STRATA:
        return []
    return [
        draw_chart(
            f'Highest count by {by}',
            f'Box plots of the highest count by {by}; the table has the numbers',
            f'Median, quartiles and range (without outliers) of the highest count; {points}, of '
            'large sets 300 drawn at random.',
            strata_figure(counts),
        )
    ]
