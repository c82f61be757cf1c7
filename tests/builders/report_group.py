"""Rows of grades at group level, and pages of some sections."""

from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.report import group_page


def make_rows(n=60, seed=1):
    """Return rows of grades at group level; every third person has two sessions."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        for session in ('ses-1', 'ses-2') if number % 3 == 0 else ('ses-1',):
            counts = rng.gamma(3, 4, 2).round(4)
            highest = float(counts.max())
            potter = int(np.searchsorted([0.5, 10.5, 20.5, 40.5], highest))
            rows.append(
                {
                    'participant_id': f'sub-{number:03d}',
                    'session_id': session,
                    't2w': f'sub-{number:03d}/sub-{number:03d}_{session}_T2w.nii.gz',
                    'potter': potter,
                    'potter_left': potter,
                    'potter_right': potter,
                    'count_max': highest,
                    'count_left': float(counts[0]),
                    'count_right': float(counts[1]),
                    **{f'p_potter{g}': float(g == potter) for g in range(5)},
                    'qc': rng.choice(['pass', 'review', 'fail'], p=[0.8, 0.1, 0.1]),
                    'qc_reasons': None,
                    'model': 'm 1',
                    'model_sha256': '0' * 64,
                    'selected': 'true',
                    'count_sum': float(counts.sum() * 2),
                    'top_low': max(0.0, highest - 2),
                    'top_high': highest + 2,
                    'scanner': ('A 3 T', 'B 1.5 T', None)[number % 3],
                    'institution': None,
                    'slice': '5.0 mm',
                }
            )
    return pd.DataFrame(rows)


def make_people(rows, seed=2):
    """Return age, sex and group of all participants in some rows."""
    rng = np.random.default_rng(seed)
    names = rows['participant_id'].unique()
    values = {
        'age': rng.normal(65, 8, len(names)).round(),
        'sex': rng.choice(['female', 'male'], len(names)),
        'group': rng.choice(['control', 'patient'], len(names)),
    }
    return pd.DataFrame(values, index=pd.Index(names, name='participant_id'))


def show_sections(folder, rows, *sections, charts=False):
    """Write the group page with some sections; its slow charts are drawn only if requested."""
    grades = rows[list(describe_columns('group_potter'))]
    counts = pd.concat(
        [
            grades[['participant_id', 'session_id', 'qc', 'potter']].assign(
                hemisphere=side, count=rows[name]
            )
            for side, name in (('L', 'count_left'), ('R', 'count_right'))
        ],
        ignore_index=True,
    )
    no_charts = nullcontext() if charts else patch.object(group_page, '_charts', return_value=[])
    with no_charts:
        present = [section for section in sections if section]
        return group_page.write_group_page(folder, grades, counts, present)
