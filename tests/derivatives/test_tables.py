import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.derivatives import tables
from pvs_workflow.derivatives.tsv import columns_markdown
from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.science.slices import View

COUNT_COLUMNS = [
    'hemisphere',
    'slice',
    'slice_rank',
    'count',
    'count_low',
    'count_high',
    'potter',
    'instances',
    'roi_area',
    'qc',
]
GRADE_COLUMNS = [
    'participant_id',
    'session_id',
    't2w',
    'potter',
    'potter_left',
    'potter_right',
    'count_max',
    'count_left',
    'count_right',
    'p_potter0',
    'p_potter1',
    'p_potter2',
    'p_potter3',
    'p_potter4',
    'qc',
    'qc_reasons',
    'model',
    'model_sha256',
]
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
    return tables.count_table(*([value[i] for i in order] for value in values.values()))


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
    return tables.grade_table(**(arguments | changes))


def test_columns_are_those_of_the_contract():
    assert list(make_counts().columns) == COUNT_COLUMNS
    assert list(make_grades().columns) == GRADE_COLUMNS
    identity = ['participant_id', 'session_id']
    assert list(tables.describe_columns('epvs_counts')) == COUNT_COLUMNS
    assert list(tables.describe_columns('potter_grade')) == GRADE_COLUMNS
    assert list(tables.describe_columns('group_potter')) == GRADE_COLUMNS
    assert list(tables.describe_columns('group_counts')) == identity + COUNT_COLUMNS


@pytest.mark.parametrize(
    'table', ['epvs_counts', 'epvs_instances', 'potter_grade', 'group_potter', 'group_counts']
)
def test_every_column_is_described(table):
    for name, entry in tables.describe_columns(table).items():
        assert set(entry) <= {'LongName', 'Description', 'Units', 'Levels'}, name
        assert entry['LongName']
        assert entry['Description']


def test_levels_of_grades_are_potters():
    for name in ('potter', 'potter_left', 'potter_right'):
        levels = tables.describe_columns('potter_grade')[name]['Levels']
        assert list(levels) == ['0', '1', '2', '3', '4']


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


def test_grades_of_images():
    assert make_counts()['potter'].tolist() == [0, 2, 1, 3, 0, 4]


def test_a_grade_is_that_of_the_count_as_written():
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
        {'qc': ['ok']},
        {'counts': [0.5, 0.5]},
        {'counts': [math.nan]},
    ],
)
def test_impossible_images_are_refused(changes):
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
    tables.count_table(**arguments)
    with pytest.raises(ValueError, match=r'must|shorter|longer'):
        tables.count_table(**(arguments | changes))


def test_grade_is_the_highest_of_the_six():
    row = make_grades().iloc[0]
    assert (row['potter'], row['potter_left'], row['potter_right']) == (4, 2, 4)
    assert (row['count_max'], row['count_left'], row['count_right']) == (44.4, 12.0, 44.4)
    assert row['qc_reasons'] == 'little contrast; müde Augen'


@pytest.mark.parametrize('prefix', ['', 'sub-'])
def test_labels_with_and_without_prefix(prefix):
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


@pytest.mark.parametrize(
    'changes',
    [
        {'probabilities': [0.5, 0.2, 0, 0, 0]},
        {'probabilities': [0.5, 0.5]},
        {'probabilities': [1.5, -0.5, 0, 0, 0]},
        {'qc': 'pass'},
        {'qc': 'fail', 'reasons': []},
        {'reasons': ['a; b']},
        {'counts': make_counts(range(3))},
    ],
)
def test_impossible_grades_are_refused(changes):
    with pytest.raises(ValueError, match=r'must|probabilities|reasons'):
        make_grades(**changes)


def test_file_is_as_the_contract_says(tmp_path):
    path = tmp_path / 'deep' / 'x_desc-epvs_counts.tsv'
    tables.write_table(make_counts(), path, 'epvs_counts')
    lines = path.read_bytes().decode('utf-8').split('\n')
    assert lines[0].split('\t') == COUNT_COLUMNS
    assert lines[2].split('\t') == [
        'L', '11', '2', '12', '6', '17', '2', '12', '510.5556', 'review'
    ]  # fmt: skip
    assert len(lines) == 8
    assert lines[-1] == ''


def test_missing_values(tmp_path):
    path = tmp_path / 'grade.tsv'
    tables.write_table(make_grades(session=None, qc='pass', reasons=[]), path, 'potter_grade')
    row = dict(zip(*(line.split('\t') for line in path.read_text().splitlines()), strict=True))
    assert (row['session_id'], row['qc_reasons']) == ('n/a', 'n/a')
    again = tables.read_table(path, 'potter_grade')
    assert again[['session_id', 'qc_reasons']].isna().all(axis=None)


def test_sidecar_describes_the_columns_and_names_sources(tmp_path):
    sources = ['bids:raw:sub-01/anat/sub-01_T2w.nii.gz']
    _, sidecar = tables.write_table(make_counts(), tmp_path / 'counts.tsv', 'epvs_counts', sources)
    assert sidecar == tmp_path / 'counts.json'
    content = json.loads(sidecar.read_text('utf-8'))
    assert content.pop('Sources') == sources
    assert content == tables.describe_columns('epvs_counts')


def test_writing_what_was_read_changes_no_byte(tmp_path):
    for name, frame in {'epvs_counts': make_counts(), 'potter_grade': make_grades()}.items():
        first, second = tmp_path / f'{name}.tsv', tmp_path / 'again.tsv'
        tables.write_table(frame, first, name)
        tables.write_table(tables.read_table(first, name), second, name)
        assert first.read_bytes() == second.read_bytes()


def test_all_digit_labels_and_checksums_stay_text(tmp_path):
    path = tmp_path / 'grade.tsv'
    tables.write_table(make_grades(model_sha256='01' * 32), path, 'potter_grade')
    assert tables.read_table(path).loc[0, 'model_sha256'] == '01' * 32


def test_numbers_have_at_most_four_decimals():
    rng = np.random.default_rng(3)
    for value in itertools.chain(rng.normal(0, 50, 200), np.float32(rng.normal(0, 1, 50))):
        text = tables.format_cell(value)
        assert len(text.partition('.')[2]) <= 4
        assert not text.endswith('.')
        assert '.' not in text or not text.endswith('0')
        assert float(text) == pytest.approx(float(value), abs=0.50001e-4)


def test_wrong_columns_are_refused(tmp_path):
    with pytest.raises(ValueError, match='columns must be'):
        tables.write_table(make_counts().iloc[:, ::-1], tmp_path / 'x.tsv', 'epvs_counts')
    with pytest.raises(ValueError, match='tab or line break'):
        tables.write_table(make_grades(model='a\tb'), tmp_path / 'x.tsv', 'potter_grade')
    assert not (tmp_path / 'x.tsv').exists()


def test_unwritable_folder(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError):
        tables.write_table(make_counts(), tmp_path / 'file' / 'x.tsv', 'epvs_counts')


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'', 'cannot be read'),
        (b'\xff\xfe\x00\x01', 'cannot be read'),
        ('\t'.join(COUNT_COLUMNS).encode() + b'\n', 'has no rows'),
        (b'a\tb\n1\t2\n', 'other columns'),
        (b'\t'.join(c.encode() for c in COUNT_COLUMNS) + b'\n' + b'x\t' * 9 + b'x\n', 'numbers'),
        (None, 'cannot be read'),
    ],
)
def test_damaged_file_is_named(content, said, tmp_path):
    path = tmp_path / 'damaged.tsv'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PVSError, match=said) as error:
        tables.read_table(path, 'epvs_counts')
    assert 'damaged.tsv' in str(error.value)
    assert '\n' not in str(error.value)


def test_inputs_stay_as_they_are(tmp_path):
    counts = make_counts()
    before = counts.copy(deep=True)
    make_grades(counts=counts)
    tables.write_table(counts, tmp_path / 'x.tsv', 'epvs_counts')
    pd.testing.assert_frame_equal(counts, before)


@pytest.mark.parametrize(
    'table',
    [
        'epvs_counts',
        'potter_grade',
        'epvs_instances',
        'group_agreement',
        'group_change',
        'reading_ratings',
        'reading_key',
    ],
)
def test_documentation_describes_the_columns(table):
    page = (Path(__file__).parents[2] / 'docs' / 'outputs.md').read_text('utf-8')
    block = page.partition(f'<!-- columns of {table} -->\n')[2].partition('<!-- end -->')[0]
    assert block == columns_markdown(table)
