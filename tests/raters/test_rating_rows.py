import re

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import (
    cell_text,
    parse_hemisphere,
    parse_number,
    parse_person,
    read_rows,
)


def write(path, text):
    path.write_text(text, encoding='utf-8')
    return path


def test_rows_of_a_spreadsheet_are_read_with_their_line_numbers(tmp_path):
    """Spreadsheets write byte-order marks, blanks and quotes, and omit empty cells at the end."""
    text = '\ufeffparticipant_id \tcomments\tcount\r\n01\t" so\n so "\t 3 \r\n\r\n02\r\n'
    rows = read_rows(write(tmp_path / 'a.tsv', text), lambda line, row: (line, row))
    assert rows == [
        (
            f'{tmp_path}/a.tsv, line 3',
            {'participant_id': '01', 'comments': 'so\n so', 'count': '3'},
        ),
        (f'{tmp_path}/a.tsv, line 5', {'participant_id': '02', 'comments': '', 'count': ''}),
    ]


def test_unusable_values_are_reported_with_their_line(tmp_path):
    def parse(line, row):
        return parse_number('count', row['count'])

    with pytest.raises(PVSError, match=r"a\.tsv, line 3, has an unusable count: 'x' is not"):
        read_rows(write(tmp_path / 'a.tsv', 'count\n3\nx\n'), parse)


@pytest.mark.parametrize(
    ('header', 'message'),
    [
        ('count', 'lacks the column participant_id or image_id; give'),
        ('image_id', 'lacks the column count; give'),
        ('image_id\tcount\tcount', 'has the column count more than once'),
    ],
)
def test_needed_columns_must_occur_once(tmp_path, header, message):
    path = write(tmp_path / 'a.tsv', header + '\n')
    with pytest.raises(PVSError, match=message):
        read_rows(path, lambda line, row: row, [('participant_id', 'image_id'), ('count',)])


def test_ignored_columns_may_be_repeated(tmp_path):
    path = write(tmp_path / 'a.tsv', 'count\tnote\tnote\n3\ta\tb\n')
    assert read_rows(path, lambda line, row: row['count']) == ['3']


def test_missing_cells_are_empty():
    row = {'a': 'n/a', 'b': '', 'c': 'N/A'}
    assert [cell_text(row, name) for name in 'abcd'] == ['', '', 'N/A', '']


@pytest.mark.parametrize(
    ('row', 'expected'),
    [
        ({'participant_id': 'sub-01', 'session_id': 'ses-a'}, ('01', 'a')),
        ({'participant_id': '01', 'session_id': 'n/a'}, ('01', None)),
        ({'participant_id': '01'}, ('01', None)),
    ],
)
def test_labels_need_no_prefix(row, expected):
    assert parse_person(row) == expected


@pytest.mark.parametrize('label', ['', 'n/a', 'sub-'])
def test_a_row_must_name_a_participant(label):
    with pytest.raises(ValueError, match=r'participant_id: .* is not a label'):
        parse_person({'participant_id': label})


@pytest.mark.parametrize(
    ('name', 'good', 'bad'),
    [
        ('slice', {'0': 0, '17.0': 17}, ('-1', '1.5', 'inf', 'nan', '')),
        ('slice_rank', {'1': 1, '3.0': 3}, ('0', '4', '1.5', 'x')),
        ('count', {'0': 0, '3.5': 3.5, '1e4': 10_000}, ('-1', '10001', 'nan', '3,5')),
        ('potter', {'0': 0, '4.0': 4}, ('5', '1.5', '-1', 'II')),
    ],
)
def test_each_column_has_a_range_of_numbers(name, good, bad):
    for text, number in good.items():
        assert parse_number(name, text) == number
    for text in bad:
        with pytest.raises(ValueError, match=f'{name}: {re.escape(repr(text))} is not'):
            parse_number(name, text)


def test_hemispheres_are_two_letters():
    assert [parse_hemisphere(side) for side in 'LR'] == ['L', 'R']
    with pytest.raises(ValueError, match="hemisphere: 'left' is not L or R"):
        parse_hemisphere('left')
