"""Tables of ratings are compared with the model in the group's tables and page."""

import json
import random
import subprocess
import sys

import pandas as pd
import pytest

from pvs_workflow.derivatives.results import read_results
from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.errors import PVSError
from pvs_workflow.group import collect_group, collect_sheet
from pvs_workflow.report import agreement_section
from tests.builders.results import save_result

COUNTS = (0.4, 5.2, 12.0, 9.9, 21.4, 3.0)
SHIFTS = {'01': 0, '02': 4, '03': 9, '04': 25}


def save(folder, participant, shift=0, **options):
    counts = [count + shift for count in COUNTS]
    return save_result(folder, participant, counts=counts, **options)


@pytest.fixture
def out(tmp_path):
    """Return a folder with results of four participants."""
    for participant, shift in SHIFTS.items():
        save(tmp_path / 'out', participant, shift, images=True)
    return tmp_path / 'out'


def write_ratings(path, rows):
    pd.DataFrame(rows).to_csv(path, sep='\t', index=False, na_rep='n/a')
    return path


def image_rows(out, rater='A', change=0.0):
    """Return the rows of a rater who counts like the model, plus a constant change."""
    columns = ['participant_id', 'session_id', 'hemisphere', 'slice', 'count']
    rows = pd.DataFrame([row for one in read_results(out).results for row in one.counts])[columns]
    return rows.assign(rater=rater, count=rows['count'] + change).to_dict('records')


def agreement(out, **values):
    frame = read_table(out / 'group_agreement.tsv', 'group_agreement')
    for name, value in values.items():
        frame = frame[frame[name] == value]
    return frame.to_dict('records')


def run(*args):
    command = [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *args]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_command_line_writes_agreement(out, tmp_path):
    rows = [*image_rows(out), *image_rows(out, 'B', 2.0)]
    ratings = write_ratings(tmp_path / 'ratings.tsv', rows)
    process = run('nowhere', out, 'group', '--ratings', ratings)
    assert process.returncode == 0, process.stderr
    assert f'wrote {out / "group_agreement.tsv"}' in process.stderr
    (perfect,) = agreement(out, level='image', second='A', comparison='model', quantity='count')
    assert (perfect['n'], perfect['n_participants']) == (24, 4)
    assert (perfect['icc'], perfect['mae'], perfect['bias']) == (1, 0, 0)
    (shifted,) = agreement(out, level='person', second='B', comparison='model', quantity='count')
    assert (shifted['n'], shifted['bias'], shifted['mae']) == (4, -2, 2)
    assert (shifted['limit_low'], shifted['limit_high']) == (-2, -2)
    (between,) = agreement(out, level='image', comparison='raters', quantity='count')
    assert (between['first'], between['second'], between['bias']) == ('A', 'B', -2)
    assert agreement(out, comparison='all') == []
    columns = (out / 'group_agreement.tsv').read_text().splitlines()[0].split('\t')
    assert list(json.loads((out / 'group_agreement.json').read_text())) == columns
    page = (out / 'group_potter.html').read_text('utf-8')
    assert '<section id="agreement"' in page
    assert '<a href="#agreement">' in page


def test_without_ratings_there_is_no_section(out):
    assert [path.name for path in collect_group(out).written][-1] == 'group_potter.html'
    assert 'id="agreement"' not in (out / 'group_potter.html').read_text('utf-8')


def test_a_filled_in_sheet_gives_the_expected_agreement(out, tmp_path):
    """Ratings on a reading sheet are matched with the right images."""
    process = run('nowhere', out, 'group', '--reading-sheet', '--random-seed', '7')
    assert process.returncode == 0, process.stderr
    assert (out / 'reading' / 'reading_sheet.html').is_file()
    key = read_table(out / 'reading_key.tsv', 'reading_key')
    model = read_table(out / 'group_counts.tsv', 'group_counts')
    joined = key.merge(model, on=['participant_id', 'hemisphere', 'slice', 'slice_rank'])
    assert len(joined) == 24
    counts = dict(zip(joined['image_id'], joined['count'], strict=True))
    blank = read_table(out / 'reading' / 'reading_ratings.tsv', 'reading_ratings')
    tables = {'in place': out / 'reading' / 'reading_ratings.tsv', 'A': tmp_path / 'a.tsv'}
    for rater, path in tables.items():
        # Rater A counts one ePVS more than the model on every image.
        more = 1.0 if rater == 'A' else 0.0
        filled = blank.assign(count=blank['image_id'].map(counts) + more, rater=rater)
        write_ratings(path, filled.to_dict('records'))
    process = run('nowhere', out, 'group', '--ratings', *tables.values())
    assert process.returncode == 0, process.stderr
    for rater, bias in (('in place', 0), ('A', -1)):
        (row,) = agreement(out, level='image', second=rater, comparison='model', quantity='count')
        assert (row['n'], row['bias'], row['mae']) == (24, bias, -bias)
    (row,) = agreement(
        out, level='person', second='in place', comparison='model', quantity='potter'
    )
    assert (row['n'], row['kappa'], row['accuracy']) == (4, 1, 1)


def test_a_key_next_to_the_ratings_is_used(out, tmp_path):
    """Ratings and key may be moved together, away from the results."""
    collect_sheet(out, 1)
    ratings = pd.read_csv(out / 'reading' / 'reading_ratings.tsv', sep='\t').assign(potter=2)
    path = write_ratings(tmp_path / 'ratings.tsv', ratings.to_dict('records'))
    (out / 'reading_key.tsv').rename(tmp_path / 'reading_key.tsv')
    collect_group(out, ratings=[path])
    assert agreement(out, level='image')[0]['n'] == 24
    (tmp_path / 'reading_key.tsv').unlink()
    with pytest.raises(PVSError, match='image_id needs the key of the reading sheet'):
        collect_group(out, ratings=[path])


def test_order_of_rows_does_not_matter(out, tmp_path):
    rows = [row for rater in 'ABC' for row in image_rows(out, rater, ord(rater) % 5)]
    contents = set()
    for number in range(2):
        random.Random(number).shuffle(rows)
        collect_group(out, ratings=[write_ratings(tmp_path / 'ratings.tsv', rows)])
        files = (out / name for name in ('group_agreement.tsv', 'group_potter.html'))
        contents.add(tuple(path.read_bytes() for path in files))
    assert len(contents) == 1
    assert len(agreement(out, comparison='all')) == 4


def test_a_table_reproduces_shrout_and_fleiss_1979(tmp_path):
    judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    for target in range(6):
        save(tmp_path, f'{target + 1:02d}')
    rows = [
        {'participant_id': f'{target:02d}', 'rater': f'judge {judge}', 'count': count}
        for target, counts in enumerate(judges, start=1)
        for judge, count in enumerate(counts, start=1)
    ]
    collect_group(tmp_path, ratings=[write_ratings(tmp_path / 'ratings.tsv', rows)])
    (row,) = agreement(tmp_path, comparison='all', quantity='count')
    assert (row['level'], row['n'], row['icc']) == ('person', 6, 0.2898)
    assert (row['icc_low'], row['icc_high']) == pytest.approx((0.019, 0.761), abs=0.0005)


def test_unknown_participants_are_reported_and_the_others_compared(out, tmp_path):
    rows = [*image_rows(out), {'participant_id': 'sub-99', 'count': 3, 'rater': 'A'}]
    ratings = write_ratings(tmp_path / 'ratings.tsv', rows)
    process = run('nowhere', out, 'group', '--ratings', ratings)
    assert process.returncode == 1
    (sentence,) = [line for line in process.stderr.splitlines() if 'sub-99' in line]
    assert f'{ratings} has ratings of T2w without a usable result, left out (1)' in sentence
    assert agreement(out, level='image')[0]['n'] == 24
    assert 'without a usable result: 1' in (out / 'group_potter.html').read_text('utf-8')


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ({'participant_id': '01', 'count': -1}, "line 26, has an unusable count: '-1.0'"),
        ({'participant_id': '01', 'potter': 5}, "line 26, has an unusable potter: '5.0'"),
        (
            {'participant_id': '01', 'hemisphere': 'L', 'slice': 4, 'count': 3},
            'repeats the rating',
        ),
    ],
)
def test_unusable_ratings_change_nothing(out, tmp_path, row, message):
    rows = [*image_rows(out), row | {'rater': 'A'}]
    path = write_ratings(tmp_path / 'ratings.tsv', rows)
    for name in out.glob('group_*'):
        name.unlink()
    with pytest.raises(PVSError, match=message) as error:
        collect_group(out, ratings=[path])
    assert '\n' not in str(error.value)
    assert not list(out.glob('group_*'))


def test_failed_results_are_left_out(out, tmp_path):
    rows = image_rows(out)
    save(out, '04', 25, qc='fail')
    collect_group(out, ratings=[write_ratings(tmp_path / 'ratings.tsv', rows)])
    (row,) = agreement(out, level='image', quantity='count')
    assert (row['n'], row['n_failed'], row['n_participants']) == (18, 6, 3)
    assert '6 images, 1 whole T2w' in (out / 'group_potter.html').read_text('utf-8')


def test_hostile_names_of_raters_stay_text(out, tmp_path, monkeypatch):
    monkeypatch.setattr(agreement_section, 'MAX_PAIRS', 4)  # the model with each rater
    names = ['<script>alert(1)</script>', '=1+1', 'x' * 300, 'Ä ß 🧠']
    rows = [row for name in names for row in image_rows(out, name)]
    collect_group(out, ratings=[write_ratings(tmp_path / 'ratings.tsv', rows)])
    assert {row['second'] for row in agreement(out, comparison='model')} == set(names)
    page = (out / 'group_potter.html').read_text('utf-8')
    assert '<script>alert' not in page
    assert '&lt;script&gt;alert(1)&lt;/script&gt;' in page
    assert '=1+1' in page
