import math

import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import UNNAMED_RATER, Target, find_key, read_ratings

COLUMNS = [
    'participant_id',
    'session_id',
    't2w',
    'hemisphere',
    'slice',
    'slice_rank',
    'rater',
    'count',
    'potter',
]


def no_key(folder):
    raise AssertionError('no key is needed')


@pytest.fixture
def read(tmp_path):
    """Return a function that writes rows (mappings) as a table, and reads it."""

    def call(*rows, columns=COLUMNS, key_of=no_key):
        path = tmp_path / 'ratings.tsv'
        lines = ['\t'.join(str(row.get(name, 'n/a')) for name in columns) for row in rows]
        path.write_text('\n'.join(['\t'.join(columns), *lines]) + '\n', encoding='utf-8')
        return read_ratings([path], key_of)

    return call


IMAGE = {'participant_id': '01', 'hemisphere': 'L', 'slice': 17, 'count': 3}


def test_a_row_rates_an_image_or_a_whole_t2w(read):
    by_slice, by_rank, whole = read(
        IMAGE | {'session_id': 'ses-a', 't2w': 'sub-01_T2w.nii.gz'},
        {'participant_id': 'sub-01', 'hemisphere': 'R', 'slice_rank': '2.0', 'count': 0},
        {'participant_id': '01', 'potter': 4},
    )
    assert by_slice.target == Target('01', 'a', 'sub-01_T2w.nii.gz', 'L', 17, None)
    assert by_rank.target == Target('01', None, None, 'R', None, 2)
    assert whole.target == Target('01')
    assert (by_slice.count, by_slice.potter, by_rank.potter) == (3, 1, 0)
    assert math.isnan(whole.count)
    assert whole.potter == 4


def test_a_grade_takes_precedence_over_the_count(read):
    (rating,) = read(IMAGE | {'count': 12.5, 'potter': 1})
    assert (rating.count, rating.potter) == (12.5, 1)


def test_missing_ratings_are_returned_as_missing(read):
    blank, rating = read(IMAGE | {'count': 'n/a'}, IMAGE | {'rater': 'A'})
    assert blank.is_missing
    assert not rating.is_missing
    assert read(IMAGE | {'count': ''})[0].is_missing


def test_optional_columns_may_be_absent(read):
    (rating,) = read({'participant_id': 'x', 'potter': 2}, columns=['participant_id', 'potter'])
    assert (rating.rater, rating.target.participant, rating.potter) == (UNNAMED_RATER, 'x', 2)


def test_several_tables_are_combined(tmp_path):
    paths = [tmp_path / name for name in ('a.tsv', 'b.tsv')]
    for path, rater in zip(paths, ('A', 'B'), strict=True):
        path.write_text(f'participant_id\trater\tcount\n01\t{rater}\t3\n')
    assert [rating.rater for rating in read_ratings(paths, no_key)] == ['A', 'B']
    assert [rating.line for rating in read_ratings(paths, no_key)] == [
        f'{path}, line 2' for path in paths
    ]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'count': 'nan'}, "unusable count: 'nan' is not a number from 0 to 10000"),
        ({'count': '-1'}, "unusable count: '-1' is not"),
        ({'count': 'inf'}, "unusable count: 'inf' is not"),
        ({'count': '3,5'}, "unusable count: '3,5' is not"),
        ({'potter': 5}, "unusable potter: '5' is not a whole number from 0 to 4"),
        ({'potter': '1.5'}, "unusable potter: '1.5' is not"),
        ({'potter': 'nan'}, "unusable potter: 'nan' is not"),
        ({'hemisphere': 'left'}, "unusable hemisphere: 'left' is not L or R"),
        ({'hemisphere': 'n/a'}, 'unusable hemisphere: .* is not L or R'),
        ({'slice': 'n/a'}, 'unusable slice: a hemisphere needs slice or slice_rank'),
        ({'slice': '-2'}, 'unusable slice: .* is not a whole number of at least 0'),
        ({'slice_rank': 0}, "unusable slice_rank: '0' is not a whole number from 1 to 3"),
        ({'participant_id': 'sub-'}, 'unusable participant_id: .* is not a label'),
    ],
)
def test_unusable_values_are_reported_with_their_line(read, change, message):
    with pytest.raises(PVSError, match=rf'ratings.tsv, line 3, has an {message}') as error:
        read(IMAGE, IMAGE | change)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('columns', 'message'),
    [
        (['participant_id'], 'lacks the column count or potter; give'),
        (['count'], 'lacks the column participant_id or image_id; give'),
        (['participant_id', 'count', 'count'], 'has the column count more than once'),
    ],
)
def test_missing_and_repeated_columns_are_reported(read, columns, message):
    with pytest.raises(PVSError, match=message):
        read(IMAGE, columns=columns)


def test_missing_rows_and_unreadable_tables_are_reported(read, tmp_path):
    with pytest.raises(PVSError, match='has no ratings'):
        read()
    with pytest.raises(PVSError, match='cannot be read as tab-separated values'):
        read_ratings([tmp_path / 'none.tsv'], no_key)
    (tmp_path / 'binary.tsv').write_bytes(b'\x89PNG\xff')
    with pytest.raises(PVSError, match='lacks the column participant_id or image_id'):
        read_ratings([tmp_path / 'binary.tsv'], no_key)


def test_raters_are_named_in_all_rows_or_in_none(read):
    with pytest.raises(PVSError, match='line 3, has no rater; name one in every row'):
        read(IMAGE | {'rater': 'A'}, IMAGE)
    assert {rating.rater for rating in read(IMAGE, IMAGE)} == {UNNAMED_RATER}
    # A row without a rating needs no name.
    assert [r.rater for r in read(IMAGE | {'rater': 'A'}, IMAGE | {'count': ''})] == ['A', '']


@pytest.mark.parametrize(
    'name', ['x' * 300, '<script>alert(1)</script>', '=1+1', 'Ä\u202eß 🧠', "O'Neill; DROP"]
)
def test_names_of_raters_may_be_any_text(read, name):
    assert read(IMAGE | {'rater': name})[0].rater == name


def test_line_breaks_in_names_become_blanks(tmp_path):
    path = tmp_path / 'quoted.tsv'
    path.write_text('participant_id\trater\tcount\n01\t" a\tb\nc\u2028d "\t3\n', encoding='utf-8')
    assert read_ratings([path], no_key)[0].rater == 'a b c d'


def test_images_of_a_sheet_are_looked_up_in_its_key(read, tmp_path):
    folders = []

    def key_of(folder):
        folders.append(folder)
        return {'BCDF': Target('01', 'a', 't', 'L', 9, 1)}

    columns = ['image_id', 'count']
    rows = [{'image_id': 'BCDF', 'count': 3}, {'image_id': 'bcdf', 'count': 4}]
    ratings = read(*rows, columns=columns, key_of=key_of)
    assert {rating.target for rating in ratings} == {Target('01', 'a', 't', 'L', 9, 1)}
    assert folders == [tmp_path]
    with pytest.raises(PVSError, match=r"unusable image_id: 'X' is not among the 1 in"):
        read({'image_id': 'X', 'count': 3}, columns=columns, key_of=key_of)


def write_key(path, *rows):
    frame = pd.DataFrame(rows, columns=list(describe_columns('reading_key')))
    write_table(frame, path, 'reading_key')


def test_keys_of_all_sheets_are_read_and_earlier_folders_win(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    write_key(first / 'reading_key.tsv', ('BCD', 'sub-01', 'ses-a', 't', 'L', 9, 1))
    write_key(second / 'reading_key.tsv', ('BCD', 'sub-02', None, 't', 'L', 9, 1))
    write_key(second / 'reading_key_old-001.tsv', ('FGH', 'sub-03', None, 't', 'R', 8, 3))
    assert find_key([first, second]) == {
        'BCD': Target('01', 'a', 't', 'L', 9, 1),
        'FGH': Target('03', None, 't', 'R', 8, 3),
    }
    assert find_key([second, first])['BCD'].participant == '02'


def test_missing_and_damaged_keys_are_reported(tmp_path):
    with pytest.raises(PVSError, match=r'no reading_key.tsv in \S+; image_id needs the key'):
        find_key([tmp_path, tmp_path])
    (tmp_path / 'reading_key.tsv').write_text('image_id\nBCD\n')
    with pytest.raises(PVSError, match='lacks the column participant_id and session_id'):
        find_key([tmp_path])
