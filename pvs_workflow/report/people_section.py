"""The group page's section of age, sex and group."""

import pandas as pd

from pvs_workflow.cohort.ordinal import fit_grades
from pvs_workflow.report.cohort_charts import age_figure, shares_figure
from pvs_workflow.report.scanner_section import MAX_STRATA, counts_chart, summarise, usable_rows
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart


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
        'people.html.j2',
        {
            'warning': warning,
            'people': len(chosen),
            'unknown': int((~chosen.index.isin(people.index)).sum()) if len(people) else 0,
            'charts': _charts(chosen, known, parts),
            'categories': [
                (name, [summarise(str(level), part) for level, part in own.items()])
                for name, own in parts.items()
            ],
            'fit': fit_grades(chosen['potter'], known) if len(known.columns) else None,
        },
    )


def _charts(
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
        charts += counts_chart(name, counts, 'points are people')
    return charts
