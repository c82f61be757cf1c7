"""Sections of the group page on outliers, scanners and demographics, and their building blocks."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from pvs_workflow.cohort.ordinal import fit_grades
from pvs_workflow.cohort.outliers import (
    MIN_PROBABILITY,
    MIN_RESULTS,
    OUTLIER_SCORE,
    outlier_reasons,
)
from pvs_workflow.report.charts import age_figure, shares_figure, strata_figure
from pvs_workflow.report.saving import figure_uri
from pvs_workflow.science.grading import GRADES

STRATA = {
    'scanner': 'Scanner',
    'institution': 'Institution',
    'site': 'Site',
    'slice': 'Slice thickness',
}
"""Columns with acquisition properties of a T2w, and their headings."""

MAX_STRATA = 12
"""Maximum number of strata in a chart; the table has no limit."""
_OUTLIER_COLUMNS = ['participant_id', 'session_id', 't2w', 'potter', 'count_max', 'qc']


@dataclass(frozen=True)
class GroupSection:
    """Optional section of the group page.

    Attributes
    ----------
    anchor : str
        Link target on the page and name of the template in ``data/report``; letters and hyphens.
    title : str
    context : mapping
        Values for the template, as ``section.context``; text is escaped.

    """

    anchor: str
    title: str
    context: Mapping


@dataclass(frozen=True)
class Chart:
    """Chart for the group page: texts, which the page escapes, and the figure as a data URI."""

    title: str
    alt: str
    caption: str
    uri: str


def draw_chart(title: str, alt: str, caption: str, figure: Figure) -> Chart:
    """Return a chart with a figure embedded as SVG."""
    return Chart(title, alt, caption, figure_uri(figure))


def outlier_section(rows: pd.DataFrame) -> GroupSection:
    """Return the section on outliers, with reasons from :func:`outliers.outlier_reasons`."""
    records = rows[_OUTLIER_COLUMNS].to_dict('records')
    outlying = [
        row | {'reasons': '; '.join(reasons)}
        for row, reasons in zip(records, outlier_reasons(rows), strict=True)
        if reasons
    ]
    usable = len(usable_rows(rows))
    return GroupSection(
        'outliers',
        'Outlying results',
        {
            'rows': outlying,
            'usable': usable,
            'compared': usable >= MIN_RESULTS,
            'min_results': MIN_RESULTS,
            'max_z': OUTLIER_SCORE,
            'min_probability': MIN_PROBABILITY,
        },
    )


def scanner_section(rows: pd.DataFrame) -> GroupSection:
    """Return the section on grades and counts by scanner, institution, site and slice thickness.

    Parameters
    ----------
    rows : DataFrame
        Grades, with text or missing values in the columns of :data:`STRATA`.

    """
    kinds = []
    for column, heading in STRATA.items():
        if column not in rows or not rows[column].notna().any():
            continue
        strata = list(rows.groupby(rows[column].fillna('not known').astype(str), sort=True))
        strata.sort(key=lambda stratum: -len(stratum[1]))  # ties stay sorted by name
        counts = {label: usable_rows(stratum)['count_max'] for label, stratum in strata}
        points = 'points are T2w that did not fail quality control'
        charts = _counts_chart(heading.lower(), counts, points)
        kinds.append((heading, [_summarise(label, stratum) for label, stratum in strata], charts))
    return GroupSection('scanners', 'Scanners and sites', {'kinds': kinds})


def people_section(rows: pd.DataFrame, people: pd.DataFrame, warning: str) -> GroupSection | None:
    """Return the section on grades and counts by age, sex and group.

    It uses one T2w of each participant: the first, in the order of the rows, that did not fail
    quality control. Participants with several sessions therefore have no more weight than others.

    Parameters
    ----------
    rows : DataFrame
        Grades, with the earliest session of each participant first.
    people : DataFrame
        Index ``participant_id``; any of ``age``, ``sex``, ``group``.
    warning : str
        Reason why ``participants.tsv`` was not or only partly used; may be empty. Without a
        warning and without data, the section is None.

    """
    grades = usable_rows(rows).drop_duplicates('participant_id').set_index('participant_id')
    variables = [name for name in ('age', 'sex', 'group') if name in people]
    known = people.reindex(grades.index)[variables]
    known = known.loc[:, known.notna().any()] if len(known) else known.iloc[:, :0]
    if known.columns.empty and not warning:
        return None
    strata = {
        name: dict(list(grades.reset_index().groupby(known[name].to_numpy())))
        for name in ('sex', 'group')
        if name in known
    }
    return GroupSection(
        'people',
        'Age, sex and group',
        {
            'warning': warning,
            'people': len(grades),
            'unknown': int((~grades.index.isin(people.index)).sum()) if len(people) else 0,
            'charts': _people_charts(grades, known, strata),
            'categories': [
                (name, [_summarise(str(level), stratum) for level, stratum in levels.items()])
                for name, levels in strata.items()
            ],
            'fit': fit_grades(grades['potter'], known) if len(known.columns) else None,
        },
    )


def usable_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that did not fail quality control and have a grade."""
    return rows[(rows['qc'] != 'fail') & rows['potter'].notna()]


def _summarise(label: str, rows: pd.DataFrame) -> dict:
    """Summarise one stratum (such as a scanner) as a row of ``strata.html.j2``.

    All values except ``doubtful`` are about scans that did not fail quality control; quartiles
    are NaN without scans. ``doubtful`` is the number of scans that need review or failed.
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


def _people_charts(
    grades: pd.DataFrame, known: pd.DataFrame, strata: dict[str, dict[str, pd.DataFrame]]
) -> list[Chart]:
    charts = []
    if 'age' in known:
        points = pd.DataFrame({'age': known['age'], 'count': grades['count_max']})
        points = points.dropna().astype(float)
        charts.append(
            draw_chart(
                'Highest count by age',
                f'Scatter plot of the highest count against age: {len(points)} participants aged '
                f'{points["age"].min():.0f} to {points["age"].max():.0f} years',
                'One point for each participant. The line is a smoothed curve (LOWESS), drawn '
                'with at least 20 participants. Thin lines separate the Potter grades.',
                age_figure(points['age'], points['count']),
            )
        )
    for name, levels in strata.items():
        if len(levels) > MAX_STRATA:
            continue
        by_level = {level: stratum['potter'].tolist() for level, stratum in levels.items()}
        charts.append(
            draw_chart(
                f'Potter grades by {name}',
                f'Stacked bars of the proportions of Potter grades by {name}, as in the table',
                'Proportion of participants with each grade; bars show numbers of participants.',
                shares_figure(by_level),
            )
        )
        counts = {level: stratum['count_max'] for level, stratum in levels.items()}
        charts += _counts_chart(name, counts, 'points are participants')
    return charts


def _counts_chart(by: str, counts: dict[str, pd.Series], points: str) -> list[Chart]:
    """Return a chart of the highest counts of several strata, unless there are too many."""
    counts = {label: values.dropna().astype(float).tolist() for label, values in counts.items()}
    counts = {label: values for label, values in counts.items() if values}
    if not 1 < len(counts) <= MAX_STRATA:
        return []
    return [
        draw_chart(
            f'Highest count by {by}',
            f'Box plots of the highest count by {by}; the table has the numbers',
            f'Median, quartiles and range (without outliers) of the highest count; {points} (a '
            'random sample of 300 in larger groups).',
            strata_figure(counts),
        )
    ]
