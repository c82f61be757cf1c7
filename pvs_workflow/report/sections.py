"""Sections of the group's page: outlying results, scanners, people; and what each consists of."""

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
"""Columns of the rows that tell where and how a T2w was acquired, and their headings."""

MAX_STRATA = 12
"""More are in the table only."""
_SHOWN = ['participant_id', 'session_id', 't2w', 'potter', 'count_max', 'qc']


@dataclass(frozen=True)
class GroupSection:
    """One more section of the group's page.

    Attributes
    ----------
    anchor : str
        Of the page's links, and of the template in ``data/report``, which sees the values of
        ``context`` as ``section.context``; letters and hyphens.
    title : str
    context : mapping
        Text in it is escaped.

    """

    anchor: str
    title: str
    context: Mapping


@dataclass(frozen=True)
class Chart:
    """A figure of the group, ready for the page; text in it is escaped."""

    title: str
    alt: str
    caption: str
    uri: str


def draw_chart(title: str, alt: str, caption: str, figure: Figure) -> Chart:
    """Put a figure into a chart, as SVG."""
    return Chart(title, alt, caption, figure_uri(figure))


def outlier_section(rows: pd.DataFrame) -> GroupSection:
    """List the results that stand out, with why (:func:`outliers.outlier_reasons`)."""
    outlying = [
        row | {'reasons': '; '.join(found)}
        for row, found in zip(rows[_SHOWN].to_dict('records'), outlier_reasons(rows), strict=True)
        if found
    ]
    usable = len(usable_rows(rows))
    return GroupSection(
        'outliers',
        'Outlying results',
        {
            'rows': outlying,
            'usable': usable,
            'compared': usable >= MIN_RESULTS,
            'fewest': MIN_RESULTS,
            'far': OUTLIER_SCORE,
            'unsure': MIN_PROBABILITY,
        },
    )


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
        charts = _counts_chart(heading.lower(), counts, points)
        kinds.append((heading, [_summarise(label, part) for label, part in parts], charts))
    return GroupSection('scanners', 'Scanners and sites', {'kinds': kinds})


def people_section(rows: pd.DataFrame, people: pd.DataFrame, warning: str) -> GroupSection | None:
    """Compare grades and counts by age, sex and group.

    One T2w of each person is used: the first, in the order of the table, that did not fail
    quality control; so people with several sessions weigh no more than others.

    Parameters
    ----------
    rows : DataFrame
        Grades, in order: sorted by participant, session and T2w.
    people : DataFrame
        Index ``participant_id``; any of ``age``, ``sex``, ``group``.
    warning : str
        Why ``participants.tsv`` was not used, or in part; may be empty, and with nothing known
        there is then no section.

    """
    chosen = usable_rows(rows).drop_duplicates('participant_id').set_index('participant_id')
    variables = [name for name in ('age', 'sex', 'group') if name in people]
    known = people.reindex(chosen.index)[variables]
    known = known.loc[:, known.notna().any()] if len(known) else known.iloc[:, :0]
    if known.columns.empty and not warning:
        return None
    parts = {
        name: dict(list(chosen.reset_index().groupby(known[name].to_numpy())))
        for name in ('sex', 'group')
        if name in known
    }
    return GroupSection(
        'people',
        'Age, sex and group',
        {
            'warning': warning,
            'people': len(chosen),
            'unknown': int((~chosen.index.isin(people.index)).sum()) if len(people) else 0,
            'charts': _people_charts(chosen, known, parts),
            'categories': [
                (name, [_summarise(str(level), part) for level, part in own.items()])
                for name, own in parts.items()
            ],
            'fit': fit_grades(chosen['potter'], known) if len(known.columns) else None,
        },
    )


def usable_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that did not fail quality control and have a grade."""
    return rows[(rows['qc'] != 'fail') & rows['potter'].notna()]


def _summarise(label: str, rows: pd.DataFrame) -> dict:
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


def _people_charts(
    chosen: pd.DataFrame, known: pd.DataFrame, parts: dict[str, dict[str, pd.DataFrame]]
) -> list[Chart]:
    charts = []
    if 'age' in known:
        points = pd.DataFrame({'age': known['age'], 'count': chosen['count_max']})
        points = points.dropna().astype(float)
        charts.append(
            draw_chart(
                'Highest count by age',
                f'Scatter plot of the highest count against age, {len(points)} people from '
                f'{points["age"].min():.0f} to {points["age"].max():.0f} years',
                'One point for each person. The line is a smoothed course (LOWESS), drawn from 20 '
                'people on; thin lines part the Potter grades.',
                age_figure(points['age'], points['count']),
            )
        )
    for name, own in parts.items():
        if len(own) > MAX_STRATA:
            continue
        charts.append(
            draw_chart(
                f'Potter grades by {name}',
                f'Bars of the shares of Potter grades by {name}; the table has the numbers',
                'Share of people with each grade; the figures in the bars are people.',
                shares_figure({level: part['potter'].tolist() for level, part in own.items()}),
            )
        )
        counts = {level: part['count_max'] for level, part in own.items()}
        charts += _counts_chart(name, counts, 'points are people')
    return charts


def _counts_chart(by: str, counts: dict[str, pd.Series], points: str) -> list[Chart]:
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
