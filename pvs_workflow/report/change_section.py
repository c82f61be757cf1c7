"""The group page's section of change between sessions."""

import pandas as pd

from pvs_workflow.cohort.change import MIN_PAIRS, PUBLIC_RESCAN, ChangeThreshold
from pvs_workflow.cohort.pairs import RESCAN_DAYS
from pvs_workflow.report.change_charts import change_figure, paths_figure
from pvs_workflow.report.sections import GroupSection, draw_chart

VERDICTS = ('increase', 'decrease', 'within')


def change_section(changes: pd.DataFrame, yardstick: ChangeThreshold) -> GroupSection:
    """Show what changed between consecutive sessions, beside scan–rescan variation.

    Parameters
    ----------
    changes : DataFrame
        The rows of ``group_change.tsv``; at least one.
    yardstick : ChangeThreshold

    """
    judged = changes[changes['change'].notna()]
    numbers = {name: int((judged['change'] == name).sum()) for name in VERDICTS}
    order = changes['change'].map({'increase': 0, 'decrease': 0}).fillna(1)
    charts = []
    if len(judged):
        values = (
            judged['count_max_first'].astype(float),
            judged['count_max_second'].astype(float),
            judged['change'].tolist(),
        )
        told = ', '.join(f'{name}: {number}' for name, number in numbers.items())
        band = (
            'The band is the repeatability coefficient. '
            if yardstick.kind == 'repeatability'
            else ''
        )
        charts = [
            draw_chart(
                'From session to session',
                f'Lines from the highest count of the first to that of the second session; {told}',
                'One line for each pair of sessions: orange for an increase beyond the yardstick, '
                'blue and dashed for a decrease, grey for neither. Short black bars are medians.',
                paths_figure(*values),
            ),
            draw_chart(
                'Change by count',
                f'Change of the highest count against the mean of both sessions; {told}',
                f'{band}Triangles are changes beyond the yardstick.',
                change_figure(*values, yardstick.limit),
            ),
        ]
    return GroupSection(
        'change',
        'Change between sessions',
        'change.html.j2',
        {
            'people': int(changes['participant_id'].nunique()),
            'pairs': len(changes),
            'left_out': len(changes) - len(judged),
            'numbers': numbers,
            'yardstick': yardstick,
            'public': PUBLIC_RESCAN,
            'public_limit': 1.96 * 2**0.5 * PUBLIC_RESCAN.within_sd,
            'least_pairs': MIN_PAIRS,
            'rescan_days': RESCAN_DAYS,
            'charts': charts,
            'rows': changes.loc[order.sort_values(kind='stable').index].to_dict('records'),
        },
    )
