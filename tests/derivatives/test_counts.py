import math

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.science.slices import View

VIEWS = [View(side, 10 + rank, rank + 1, (1.0, 1.0)) for side in 'LR' for rank in range(3)]
COUNTS = [0.2, 12.0, 3.3, 21.123456, 0.0, 44.4]


def make_counts(order=range(6), slices=(10, 11, 12, 10, 11, 12), counts=COUNTS):
    values = {
        'views': VIEWS,
        'slices': slices,
        'counts': counts,
        'lows': [count / 2 for count in counts],
        'highs': [count + 5 for count in counts],
        'instances': [1, 12, 3, 20, 0, 41],
        'roi_areas': [500.0, 510.55557, 520, 530, 540, 550],
        'qc': ['pass', 'review', 'pass', 'pass', 'fail', 'pass'],
    }
    return count_table(*([value[i] for i in order] for value in values.values()))


def make_grades(counts=None, **changes):
    arguments = {
        'participant': '01',
        'session': 'a',
        't2w': 'sub-01/ses-a/anat/sub-01_ses-a_T2w.nii.gz',
        'counts': make_counts() if counts is None else counts,
        'probabilities': [0.1, 0.2, 0.3, 0.15, 0.25],
        'qc': 'review',
        'reasons': ['little contrast', 'müde Augen'],
        'model': 'shipped 1.0',
        'model_sha256': '0' * 64,
    }
    return grade_table(**(arguments | changes))


def test_columns_match_the_files():
    assert tuple(make_counts().columns) == column_names('epvs_counts')
    assert tuple(make_grades().columns) == column_names('potter_grade')


def test_order_of_the_images_does_not_matter():
    expected = make_counts()
    rng = np.random.default_rng(0)
    for _ in range(20):
        pd.testing.assert_frame_equal(make_counts(rng.permutation(6)), expected)


def test_rows_are_sorted_by_hemisphere_and_stored_slice():
    flipped = make_counts(slices=(12, 11, 10, 12, 11, 10))
    assert flipped['hemisphere'].tolist() == list('LLLRRR')
    assert flipped['slice'].tolist() == [10, 11, 12] * 2
    assert flipped['slice_rank'].tolist() == [3, 2, 1] * 2
    assert flipped['count'].tolist() == [3.3, 12.0, 0.2, 44.4, 0.0, 21.1235]


def test_images_are_graded_by_their_counts():
    assert make_counts()['potter'].tolist() == [0, 2, 1, 3, 0, 4]


def test_a_grade_agrees_with_the_written_count():
    counts = [10.499999, 10.49999, 10.4999, 0.49996, 0.4999, 40.49996]
    frame = make_counts(counts=counts)
    assert frame['count'].tolist() == [10.5, 10.5, 10.4999, 0.5, 0.4999, 40.5]
    assert frame['potter'].tolist() == [2, 2, 1, 1, 0, 4]


@pytest.mark.parametrize(
    'changes',
    [
        {'lows': [1.0], 'counts': [0.5]},
        {'highs': [0.1]},
        {'lows': [-1.0]},
        {'counts': [0.5, 0.5]},
        {'counts': [math.nan]},
    ],
)
def test_impossible_counts_are_refused(changes):
    arguments = {
        'views': VIEWS[:1],
        'slices': [10],
        'counts': [0.5],
        'lows': [0.0],
        'highs': [1.0],
        'instances': [0],
        'roi_areas': [500.0],
        'qc': ['pass'],
    }
    count_table(**arguments)
    with pytest.raises(ValueError, match=r'must|shorter|longer'):
        count_table(**(arguments | changes))


def test_grade_is_the_highest_of_the_six():
    row = make_grades().iloc[0]
    assert (row['potter'], row['potter_left'], row['potter_right']) == (4, 2, 4)
    assert (row['count_max'], row['count_left'], row['count_right']) == (44.4, 12.0, 44.4)
    assert row['qc_reasons'] == 'little contrast; müde Augen'


@pytest.mark.parametrize('prefix', ['', 'sub-'])
def test_labels_need_no_prefix(prefix):
    row = make_grades(participant=f'{prefix}007', session='').iloc[0]
    assert row['participant_id'] == 'sub-007'
    assert row['session_id'] is None
    assert make_grades(session='ses-b').loc[0, 'session_id'] == 'ses-b'


def test_written_probabilities_sum_to_one():
    rng = np.random.default_rng(5)
    for p in [*rng.dirichlet(np.full(5, 0.3), size=200), np.full(5, 0.2), np.eye(5)[2]]:
        row = make_grades(probabilities=p.astype(np.float32)).iloc[0]
        written = [row[f'p_potter{grade}'] for grade in range(5)]
        assert sum(round(value * 10_000) for value in written) == 10_000
        np.testing.assert_allclose(written, p, atol=1.01e-4)


def test_inputs_are_not_modified():
    counts = make_counts()
    before = counts.copy(deep=True)
    make_grades(counts=counts)
    pd.testing.assert_frame_equal(counts, before)
