import math

import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import ONLY_RATER, Place, find_key, read_ratings

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
    """Write rows, each a mapping, as a table, and read it."""

    def call(*rows, columns=COLUMNS, key_of=no_key):
        path = tmp_path / 'ratings.tsv'
        lines = ['\t'.join(str(row.get(name, 'n/a')) for name in columns) for row in rows]
        path.write_text('\n'.join(['\t'.join(columns), *lines]) + '\n', encoding='utf-8')
        return read_ratings([path], key_of)

    return call


IMAGE = {'participant_id': '01', 'hemisphere': 'L', 'slice': 17, 'count': 3}


def test_images_and_whole_t2w(read):
    by_slice, by_rank, whole = read(
        IMAGE | {'session_id': 'ses-a', 't2w': 'sub-01_T2w.nii.gz'},
        {'participant_id': 'sub-01', 'hemisphere': 'R', 'slice_rank': '2.0', 'count': 0},
        {'participant_id': '01', 'potter': 4},
    )
    assert by_slice.place == Place('01', 'a', 'sub-01_T2w.nii.gz', 'L', 17, None)
    assert by_rank.place == Place('01', None, None, 'R', None, 2)
    assert whole.place == Place('01')
    assert (by_slice.count, by_slice.potter, by_rank.potter) == (3, 1, 0)
    assert math.isnan(whole.count)
    assert whole.potter == 4


def test_a_given_grade_is_not_overruled_by_the_count(read):
    (rating,) = read(IMAGE | {'count': 12.5, 'potter': 1})
    assert (rating.count, rating.potter) == (12.5, 1)


def test_missing_ratings_are_kept_as_such(read):
    blank, said = read(IMAGE | {'count': 'n/a'}, IMAGE | {'rater': 'A'})
    assert blank.is_missing
    assert not said.is_missing
    assert read(IMAGE | {'count': ''})[0].is_missing


def test_only_the_needed_columns(read):
    (rating,) = read({'participant_id': 'x', 'potter': 2}, columns=['participant_id', 'potter'])
    assert (rating.rater, rating.place.participant, rating.potter) == (ONLY_RATER, 'x', 2)


def test_several_tables_are_one(tmp_path):
    paths = [tmp_path / name for name in ('a.tsv', 'b.tsv')]
    for path, rater in zip(paths, ('A', 'B'), strict=True):
        path.write_text(f'participant_id\trater\tcount\n01\t{rater}\t3\n')
    assert [rating.rater for rating in read_ratings(paths, no_key)] == ['A', 'B']
    assert [rating.line for rating in read_ratings(paths, no_key)] == [
        f'{path}, line 2' for path in paths
    ]


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'count': 'nan'}, "unusable count, expected a number from 0 to 10000, received 'nan'"),
        ({'count': '-1'}, "unusable count, .* received '-1'"),
        ({'count': 'inf'}, "unusable count, .* received 'inf'"),
        ({'count': '3,5'}, "unusable count, .* received '3,5'"),
        ({'potter': 5}, "unusable potter, expected a whole number from 0 to 4, received '5'"),
        ({'potter': '1.5'}, "unusable potter, .* received '1.5'"),
        ({'potter': 'nan'}, "unusable potter, .* received 'nan'"),
        ({'hemisphere': 'left'}, "unusable hemisphere, expected L or R, received 'left'"),
        ({'hemisphere': 'n/a'}, 'unusable hemisphere, expected L or R'),
        ({'slice': 'n/a'}, 'unusable slice, expected it .* with a hemisphere, received none'),
        ({'slice': '-2'}, 'unusable slice, expected a whole number from 0'),
        ({'slice_rank': 0}, "unusable slice_rank, expected 1 to 3, received '0'"),
        ({'participant_id': 'sub-'}, 'unusable participant_id, expected a label'),
    ],
)
def test_unusable_values_are_named_with_their_line(read, change, said):
    with pytest.raises(PVSError, match=rf'ratings.tsv, line 3, has an {said}') as error:
        read(IMAGE, IMAGE | change)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('columns', 'said'),
    [
        (['participant_id'], 'lacks the column count or potter, expected'),
        (['count'], 'lacks the column participant_id or image_id, expected'),
        (['participant_id', 'count', 'count'], 'received count more than once'),
    ],
)
def test_unfit_columns_are_named(read, columns, said):
    with pytest.raises(PVSError, match=said):
        read(IMAGE, columns=columns)


def test_no_table_no_rows(read, tmp_path):
    with pytest.raises(PVSError, match='has no ratings'):
        read()
    with pytest.raises(PVSError, match='cannot be read, expected a table'):
        read_ratings([tmp_path / 'none.tsv'], no_key)
    (tmp_path / 'binary.tsv').write_bytes(b'\x89PNG\xff')
    with pytest.raises(PVSError, match='cannot be read, expected a table'):
        read_ratings([tmp_path / 'binary.tsv'], no_key)


def test_either_all_raters_have_names_or_none(read):
    with pytest.raises(PVSError, match='line 3, has an unusable rater, expected a name in every'):
        read(IMAGE | {'rater': 'A'}, IMAGE)
    assert {rating.rater for rating in read(IMAGE, IMAGE)} == {ONLY_RATER}
    # A row that nobody has filled in needs no name.
    assert [r.rater for r in read(IMAGE | {'rater': 'A'}, IMAGE | {'count': ''})] == ['A', '']


@pytest.mark.parametrize(
    'name', ['x' * 300, '<script>alert(1)</script>', '=1+1', 'Ä\u202eß 🧠', "O'Neill; DROP"]
)
def test_names_are_text(read, name):
    assert read(IMAGE | {'rater': name})[0].rater == name


def test_names_have_no_line_breaks(tmp_path):
    path = tmp_path / 'quoted.tsv'
    path.write_text('participant_id\trater\tcount\n01\t" a\tb\nc\u2028d "\t3\n', encoding='utf-8')
    assert read_ratings([path], no_key)[0].rater == 'a b c d'


def test_images_of_a_sheet(read, tmp_path):
    asked = []

    def key_of(folder):
        asked.append(folder)
        return {'BCDF': Place('01', 'a', 't', 'L', 9, 1)}

    columns = ['image_id', 'count']
    rows = [{'image_id': 'BCDF', 'count': 3}, {'image_id': 'bcdf', 'count': 4}]
    found = read(*rows, columns=columns, key_of=key_of)
    assert {rating.place for rating in found} == {Place('01', 'a', 't', 'L', 9, 1)}
    assert asked == [tmp_path]
    with pytest.raises(PVSError, match=r"unusable image_id, expected one of the 1 of .* 'X'"):
        read({'image_id': 'X', 'count': 3}, columns=columns, key_of=key_of)


def write_key(path, *rows):
    frame = pd.DataFrame(rows, columns=list(describe_columns('reading_key')))
    write_table(frame, path, 'reading_key')


def test_keys_of_all_folders_and_sheets(tmp_path):
    here, there = tmp_path / 'here', tmp_path / 'there'
    write_key(here / 'reading_key.tsv', ('BCD', 'sub-01', 'ses-a', 't', 'L', 9, 1))
    write_key(there / 'reading_key.tsv', ('BCD', 'sub-02', None, 't', 'L', 9, 1))
    write_key(there / 'reading_key_old-001.tsv', ('FGH', 'sub-03', None, 't', 'R', 8, 3))
    assert find_key([here, there]) == {
        'BCD': Place('01', 'a', 't', 'L', 9, 1),
        'FGH': Place('03', None, 't', 'R', 8, 3),
    }
    assert find_key([there, here])['BCD'].participant == '02'


def test_no_key_or_a_damaged_one(tmp_path):
    with pytest.raises(PVSError, match=r'expected reading_key.tsv in \S+, received none'):
        find_key([tmp_path, tmp_path])
    (tmp_path / 'reading_key.tsv').write_text('image_id\nBCD\n')
    with pytest.raises(PVSError, match='lacks the column participant_id and session_id'):
        find_key([tmp_path])
