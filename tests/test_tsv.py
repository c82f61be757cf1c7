import os

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.tsv import format_cell, read_tsv, write_tsv


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode('utf-8'))
    return path


def test_cells_are_text_as_it_stands(tmp_path):
    table = read_tsv(write(tmp_path / 'a.tsv', 'a\tb\n 1 \t"x"\nn/a\t\n'))
    assert table.columns == ('a', 'b')
    assert table.rows == ([' 1 ', '"x"'], ['n/a', ''])
    assert table.lines == (2, 3)


@pytest.mark.parametrize('content', ['\ufeffa\tb\n1\t2\n', 'a\tb\r\n1\t2\r\n', 'a\tb\r1\t2'])
def test_byte_order_marks_and_line_ends_do_not_matter(tmp_path, content):
    table = read_tsv(write(tmp_path / 'a.tsv', content))
    assert (table.columns, table.rows) == (('a', 'b'), (['1', '2'],))


def test_blank_lines_are_left_out_and_lines_are_counted_with_them(tmp_path):
    table = read_tsv(write(tmp_path / 'a.tsv', 'a\tb\n\n1\t2\n \t \n3\t4\n'))
    assert table.rows == (['1', '2'], ['3', '4'])
    assert table.lines == (3, 5)


def test_quoted_cells_are_read_where_spreadsheets_write_them(tmp_path):
    path = write(tmp_path / 'a.tsv', 'a\tb\n"1\n2"\t"say ""x"""\n3\t4\n')
    table = read_tsv(path, quotes=True)
    assert table.rows == (['1\n2', 'say "x"'], ['3', '4'])
    assert table.lines == (3, 4)


def test_ragged_rows_are_refused_or_filled(tmp_path):
    path = write(tmp_path / 'a.tsv', 'a\tb\n1\n1\t2\t3\n')
    with pytest.raises(PVSError, match='1 cells in row 2, where the header has 2'):
        read_tsv(path)
    assert read_tsv(path, ragged=True).rows == (['1', ''], ['1', '2'])


@pytest.mark.parametrize(
    'content',
    [b'', b'\n\n', b'a\tb\xff\n', 'a\tb\n'.encode('utf-16'), b'a\t' + b'b' * 200_000, b'\0' * 99],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, content):
    path = write(tmp_path / 'a.tsv', content)
    try:
        table = read_tsv(path)
    except PVSError as error:
        assert str(error).startswith(f'{path} cannot be read, expected a table')
        assert str(error).isprintable()
    else:
        assert content.startswith(b'\0')
        assert len(table.columns) == 1


def test_what_is_no_file_or_too_large_is_not_read(tmp_path):
    os.mkfifo(tmp_path / 'pipe.tsv')
    (tmp_path / 'folder.tsv').mkdir()
    (tmp_path / 'endless.tsv').symlink_to('/dev/zero')
    write(tmp_path / 'large.tsv', 'a\n' * 60)
    for name in ('pipe', 'folder', 'endless', 'large', 'none'):
        with pytest.raises(PVSError, match=f'{name}.tsv cannot be read'):
            read_tsv(tmp_path / f'{name}.tsv', max_bytes=100)


def test_mappings_and_frames_are_written_alike(tmp_path):
    columns = {'id': ['a', None], 'n': [1, 20], 'x': [0.5, np.nan]}
    write_tsv(tmp_path / 'a.tsv', columns)
    write_tsv(tmp_path / 'b.tsv', pd.DataFrame(columns))
    text = 'id\tn\tx\na\t1\t0.5\nn/a\t20\tn/a\n'
    assert (tmp_path / 'a.tsv').read_bytes() == text.encode()
    assert (tmp_path / 'b.tsv').read_bytes() == text.encode()


def test_a_table_appears_whole_or_not_at_all(tmp_path):
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
