"""The group page's section of age, sex and group."""

import pandas as pd

from pvs_workflow.cohort.ordinal import fit_grades
from pvs_workflow.report.cohort_charts import age_figure, shares_figure, strata_figure
from pvs_workflow.report.scanner_section import summarise
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart

VARIABLES = ('age', 'sex', 'group')
_MOST_DRAWN = 12


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
        Why ``participants.tsv`` was not used, or in part; may be empty.

    Returns
    -------
    GroupSection or None
        None where nothing is known and nothing is to be said.

    """
    usable = rows[(rows['qc'] != 'fail') & rows['potter'].notna()]
    chosen = usable.drop_duplicates('participant_id').set_index('participant_id')
    known = people.reindex(chosen.index)[[name for name in VARIABLES if name in people]]
    known = known.loc[:, known.notna().any()]
    if known.empty or not len(known.columns):
        if not warning:
            return None
        known = known.iloc[:, :0]
    fit = fit_grades(chosen['potter'], known) if len(known.columns) else None
    categories = [
        (name, _strata(chosen, known[name])) for name in ('sex', 'group') if name in known
    ]
    return GroupSection(
        'people',
        'Age, sex and group',
        'people.html.j2',
        {
            'warning': warning,
            'people': len(chosen),
            'unknown': int((~chosen.index.isin(people.index)).sum()) if len(people) else 0,
            'charts': _charts(chosen, known),
            'categories': categories,
            'fit': fit,
        },
    )


def _strata(chosen: pd.DataFrame, values: pd.Series) -> list:
    own = chosen.reset_index().assign(level=values.to_numpy())
    return [
        summarise(str(level), part) for level, part in own.groupby('level', sort=True) if len(part)
    ]


def _charts(chosen: pd.DataFrame, known: pd.DataFrame) -> list[Chart]:
    charts = []
    counts = chosen['count_max'].astype(float)
    if 'age' in known:
        both = known['age'].notna() & counts.notna()
        ages = known.loc[both, 'age'].astype(float)
        charts.append(
            draw_chart(
                'Highest count by age',
                f'Scatter plot of the highest count against age, {len(ages)} people from '
                f'{ages.min():.0f} to {ages.max():.0f} years',
                'One point for each person. The line is a smoothed course (LOWESS), drawn from 20 '
                'people on; thin lines part the Potter grades.',
                age_figure(ages, counts[both]),
            )
        )
    for name in ('sex', 'group'):
        if name not in known:
            continue
        levels = sorted(known[name].dropna().unique())
        if len(levels) > _MOST_DRAWN:
            continue
        grades, values = (
            {level: column[known[name] == level] for level in levels}
            for column in (chosen['potter'].astype(int), counts)
        )
        values = {level: own.dropna().tolist() for level, own in values.items()}
        charts += [
            draw_chart(
                f'Potter grades by {name}',
                f'Bars of the shares of Potter grades by {name}; the table has the numbers',
                'Share of people with each grade; the figures in the bars are people.',
                shares_figure({level: own.tolist() for level, own in grades.items()}),
            ),
            draw_chart(
                f'Highest count by {name}',
                f'Box plots of the highest count by {name}; the table has the numbers',
                'Median, quartiles and range (without outliers); points are people, of large '
                'sets 300 drawn at random.',
                strata_figure({level: own for level, own in values.items() if own}),
            ),
        ]
    return charts
