import json

import pandas as pd
import pytest

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.columns import column_names, describe_columns
from pvs_workflow.derivatives.tables import read_records, read_table, save_results, write_table
from pvs_workflow.errors import OutputError, PVSError
from tests.builders.results import derivative_path, save_result

COLUMNS = column_names('epvs_counts')
TABLES = {
    name: pd.DataFrame([dict.fromkeys(describe_columns(name), 1)], dtype=object)
    for name in ('potter_grade', 'epvs_counts', 'epvs_instances')
}


@pytest.fixture
def paths(tmp_path):
    """Return the paths of the grade and count tables of a T2w."""
    stem = save_result(tmp_path, '007')
    return [derivative_path(stem, f'{end}.tsv') for end in (names.GRADE, names.COUNTS)]


def test_a_file_follows_the_contract(paths):
    lines = paths[1].read_bytes().decode('utf-8').split('\n')
    assert tuple(lines[0].split('\t')) == COLUMNS
    assert lines[2].split('\t') == [
        'L', '5', '2', '12.3457', '6.1729', '24.6914', '2', '12', '410', 'review'
    ]  # fmt: skip
    assert len(lines) == 8
    assert lines[-1] == ''


def test_records_and_frames_have_the_same_content(paths):
    for path, table in zip(paths, ('potter_grade', 'epvs_counts'), strict=True):
        frame, records = read_table(path, table), read_records(path, table)
        for name in column_names(table):
            for value, record in zip(frame[name], records, strict=True):
                assert pd.isna(value) if record[name] is None else value == record[name]


def test_missing_values_are_none_in_records_and_nan_in_frames(paths):
    (record,) = read_records(paths[0], 'potter_grade')
    assert (record['session_id'], record['qc_reasons']) == (None, None)
    frame = read_table(paths[0], 'potter_grade')
    assert frame[['session_id', 'qc_reasons']].isna().all(axis=None)
    assert frame['session_id'].dtype == 'str'


def test_columns_of_numbers_have_one_type(tmp_path):
    columns = column_names('reading_ratings')
    rows = [('BCDF', '3', 'n/a', 'Anna', ''), ('GHJK', 'n/a', 'n/a', '', 'dark')]
    lines = ['\t'.join(cells) for cells in (columns, *rows)]
    (tmp_path / 'ratings.tsv').write_text('\n'.join(lines) + '\n')
    frame = read_table(tmp_path / 'ratings.tsv', 'reading_ratings')
    assert frame[['count', 'potter']].dtypes.tolist() == ['float64', 'float64']
    assert frame['count'].tolist()[0] == 3
    assert frame['potter'].isna().all()


def test_whole_numbers_are_integers_and_text_of_digits_stays_text(paths):
    path = paths[0]
    path.write_text(path.read_text().replace('0f' * 32, '01' * 32))
    frame = read_table(path, 'potter_grade')
    assert frame['potter'].dtype == 'int64'
    assert frame.loc[0, 'model_sha256'] == '01' * 32


def test_the_sidecar_describes_the_columns_and_names_sources(tmp_path, paths):
    frame, sources = read_table(paths[1], 'epvs_counts'), ['bids:raw:sub-01_T2w.nii.gz']
    _, sidecar = write_table(frame, tmp_path / 'counts.tsv', 'epvs_counts', sources)
    assert sidecar == tmp_path / 'counts.json'
    content = json.loads(sidecar.read_text('utf-8'))
    assert content.pop('Sources') == sources
    assert content == describe_columns('epvs_counts')


def test_reading_and_writing_keeps_all_bytes(tmp_path, paths):
    for path, table in zip(paths, ('potter_grade', 'epvs_counts'), strict=True):
        copy, _ = write_table(read_table(path, table), tmp_path / 'copy.tsv', table)
        assert copy.read_bytes() == path.read_bytes()


def test_wrong_columns_are_refused_before_anything_is_written(tmp_path, paths):
    frame = read_table(paths[1], 'epvs_counts')
    with pytest.raises(ValueError, match='columns must be'):
        write_table(frame.iloc[:, ::-1], tmp_path / 'x.tsv', 'epvs_counts')
    assert not list(tmp_path.glob('x.*'))
    with pytest.raises(ValueError, match='tab or line break'):
        write_table(frame.assign(qc='a\tb'), tmp_path / 'x.tsv', 'epvs_counts')
    assert not (tmp_path / 'x.tsv').exists()


def test_an_unwritable_folder_is_named(tmp_path, paths):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='file'):
        write_table(
            read_table(paths[1], 'epvs_counts'), tmp_path / 'file' / 'x.tsv', 'epvs_counts'
        )


@pytest.mark.parametrize('reader', [read_records, read_table])
@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'cannot be read'),
        (b'\xff\xfe\x00', 'cannot be read'),
        ('\t'.join(COLUMNS).encode() + b'\n', 'has a header but no rows'),
        ('\t'.join(COLUMNS).encode() + b'\nL\n', 'line 2 has 1 cells, but the header has 10'),
        (b'a\tb\n1\t2\n', 'has the wrong columns'),
        (
            '\t'.join(COLUMNS).encode() + b'\n' + b'x\t' * 9 + b'x\n',
            "'x' in column slice, where only numbers are allowed",
        ),
        (None, 'cannot be read'),
    ],
)
def test_a_damaged_file_is_reported(content, message, reader, tmp_path):
    path = tmp_path / 'damaged.tsv'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PVSError, match=message) as error:
        reader(path, 'epvs_counts')
    assert 'damaged.tsv' in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('cell', ['three', 'inf', 'nan', '1_0', '٣', '1' * 400, '-', '', '1e999'])
def test_cells_that_are_not_numbers_are_refused(paths, cell):
    lines = paths[1].read_text().splitlines()
    cells = lines[2].split('\t')
    cells[3] = cell
    paths[1].write_text('\n'.join([*lines[:2], '\t'.join(cells), *lines[3:]]) + '\n')
    with pytest.raises(PVSError, match='in column count, where only numbers are allowed'):
        read_records(paths[1], 'epvs_counts')


def test_a_table_that_is_too_large_is_refused(paths):
    with paths[1].open('r+b') as stream:
        stream.truncate(2**21)
    with pytest.raises(PVSError, match='larger than 1 MB'):
        read_records(paths[1], 'epvs_counts')


def test_the_grade_is_written_last(tmp_path):
    paths = save_results(TABLES, str(tmp_path / 'sub-01'), ['bids:raw:a'])
    order = sorted(paths, key=lambda name: paths[name].stat().st_mtime_ns)
    assert order[-1] == 'potter_grade'
    assert {path.name for path in paths.values()} == {
        'sub-01_desc-potter_grade.tsv',
        'sub-01_desc-epvs_counts.tsv',
        'sub-01_space-T2w_desc-epvs_instances.tsv',
    }


def test_a_failure_leaves_no_grade(tmp_path):
    broken = TABLES | {'epvs_counts': TABLES['epvs_counts'].drop(columns='count')}
    with pytest.raises(ValueError, match='columns must be'):
        save_results(broken, str(tmp_path / 'sub-01'), [])
    assert not list(tmp_path.glob('*grade*'))
