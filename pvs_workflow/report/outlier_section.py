"""The group page's section of results that stand out."""

import pandas as pd

from pvs_workflow.cohort.outliers import FAR, FEWEST, UNSURE, outlier_reasons
from pvs_workflow.report.scanner_section import usable_rows
from pvs_workflow.report.sections import GroupSection

_SHOWN = ['participant_id', 'session_id', 't2w', 'potter', 'count_max', 'qc']


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
        'outliers.html.j2',
        {
            'rows': outlying,
            'usable': usable,
            'compared': usable >= FEWEST,
            'fewest': FEWEST,
            'far': FAR,
            'unsure': UNSURE,
        },
    )
