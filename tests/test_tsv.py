"""Reading and writing of tab-separated values."""

import os

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.tsv import format_cell, read_tsv, write_tsv


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode('utf-8'))
    return path


def test_cells_are_read_as_unchanged_text(tmp_path):
    table = read_tsv(write(tmp_path / 'a.tsv', 'a\tb\n 1 \t"x"\nn/a\t\n'))
    assert table.columns == ('a', 'b')
    assert table.rows == ([' 1 ', '"x"'], ['n/a', ''])
    assert table.lines == (2, 3)


@pytest.mark.parametrize('content', ['\ufeffa\tb\n1\t2\n', 'a\tb\r\n1\t2\r\n', 'a\tb\r1\t2'])
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16-le', 'utf-16-be'])
def test_byte_order_marks_and_line_ends_are_ignored(tmp_path, content, encoding):
    table = read_tsv(write(tmp_path / 'a.tsv', content.encode(encoding)))
    assert (table.columns, table.rows) == (('a', 'b'), (['1', '2'],))


def test_blank_lines_are_skipped_but_counted(tmp_path):
    table = read_tsv(write(tmp_path / 'a.tsv', 'a\tb\n\n1\t2\n \t \n3\t4\n'))
    assert table.rows == (['1', '2'], ['3', '4'])
    assert table.lines == (3, 5)


def test_quoted_cells_of_spreadsheets_are_read(tmp_path):
    path = write(tmp_path / 'a.tsv', 'a\tb\n"1\n2"\t"say ""x"""\n3\t4\n')
    table = read_tsv(path, quotes=True)
    assert table.rows == (['1\n2', 'say "x"'], ['3', '4'])
    assert table.lines == (3, 4)


def test_ragged_rows_are_refused_or_padded(tmp_path):
    path = write(tmp_path / 'a.tsv', 'a\tb\n1\n1\t2\t3\n')
    with pytest.raises(PVSError, match='line 2 has 1 cells, but the header has 2'):
        read_tsv(path)
    table = read_tsv(path, ragged=True)
    assert table.rows == (['1', ''], ['1', '2'])
    assert table.overlong == {3}
    write(path, 'a\tb\n1\t2\t\t \n')
    assert read_tsv(path, ragged=True).overlong == frozenset()


@pytest.mark.parametrize(
    ('content', 'separator'), [('a,b\n', 'commas'), ('a;b\n', 'semicolons'), ('a  b\n', 'spaces')]
)
def test_other_separators_than_tabs_are_named(tmp_path, content, separator):
    with pytest.raises(PVSError, match=f'its header has {separator} instead of tabs'):
        read_tsv(write(tmp_path / 'a.tsv', content))


@pytest.mark.parametrize(
    'content',
    [b'', b'\n\n', b'\xff\xfea', b'a,b\n1,2\n', b'a  b\n', b'a\t' + b'b' * 200_000, b'\0' * 99],
)
def test_files_that_are_not_tables_are_refused_with_one_message(tmp_path, content):
    path = write(tmp_path / 'a.tsv', content)
    try:
        table = read_tsv(path)
    except PVSError as error:
        assert str(error).startswith(f'{path} cannot be read as tab-separated values')
        assert str(error).isprintable()
    else:
        assert content.startswith(b'\0')
        assert len(table.columns) == 1


def test_large_and_special_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / 'pipe.tsv')
    (tmp_path / 'folder.tsv').mkdir()
    (tmp_path / 'endless.tsv').symlink_to('/dev/zero')
    write(tmp_path / 'large.tsv', 'a\n' * 60)
    for name in ('pipe', 'folder', 'endless', 'large', 'none'):
        with pytest.raises(PVSError, match=f'{name}.tsv cannot be read'):
            read_tsv(tmp_path / f'{name}.tsv', max_bytes=100)


def test_mappings_and_data_frames_give_the_same_file(tmp_path):
    columns = {'id': ['a', None], 'n': [1, 20], 'x': [0.5, np.nan]}
    write_tsv(tmp_path / 'a.tsv', columns)
    write_tsv(tmp_path / 'b.tsv', pd.DataFrame(columns))
    text = 'id\tn\tx\na\t1\t0.5\nn/a\t20\tn/a\n'
    assert (tmp_path / 'a.tsv').read_bytes() == text.encode()
    assert (tmp_path / 'b.tsv').read_bytes() == text.encode()


def test_a_failed_write_does_not_change_the_table(tmp_path):
    path = write(tmp_path / 'a.tsv', 'before')
    with pytest.raises(ValueError, match='tab or line break'):
        write_tsv(path, {'a': ['x', 'y\tz']})
    with pytest.raises(ValueError, match='shorter'):
        write_tsv(path, {'a': [1, 2], 'b': [1]})
    assert path.read_text() == 'before'
    with pytest.raises(OutputError):
        write_tsv(path / 'b.tsv', {'a': [1]})


def test_numbers_have_at_most_four_decimals():
    rng = np.random.default_rng(3)
    for value in [*rng.normal(0, 50, 200), *np.float32(rng.normal(0, 1, 50))]:
        text = format_cell(value)
        assert len(text.partition('.')[2]) <= 4
        assert not text.endswith('.')
        assert '.' not in text or not text.endswith('0')
        assert float(text) == pytest.approx(float(value), abs=0.50001e-4)
