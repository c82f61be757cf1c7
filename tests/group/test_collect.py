import json
import random

import pandas as pd
import pytest

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.errors import NoInputError, OutputError
from pvs_workflow.group import collect_group, collect_sheet
from tests.builders.results import derivative_path, save_result


def save(folder, participant, session=None, run=None, count=3.0):
    """Write the tables of a T2w whose six counts fall in steps of 0.1; return the grade path."""
    counts = [count - step / 10 for step in range(6)]
    return derivative_path(
        save_result(folder, participant, session, run, counts=counts), 'desc-potter_grade.tsv'
    )


RESULTS = [('02', 'b', None), ('02', 'a', None), ('01', None, None), ('01', None, '2')]


def test_rows_of_all_results_are_sorted(tmp_path):
    for number, (participant, session, run) in enumerate(RESULTS):
        save(tmp_path, participant, session, run, count=5 + 10 * number)
    output = collect_group(tmp_path)
    assert output.problems == ()
    assert [path.name for path in output.written] == [
        'group_potter.tsv',
        'group_potter.json',
        'group_counts.tsv',
        'group_counts.json',
        'group_change.tsv',
        'group_change.json',
        'group_potter.html',
    ]
    assert all(path.is_file() and path.parent == tmp_path for path in output.written)
    grades = pd.read_csv(tmp_path / 'group_potter.tsv', sep='\t', keep_default_na=False)
    assert grades[['participant_id', 'session_id', 'count_max', 'potter']].to_numpy().tolist() == [
        ['sub-01', 'n/a', 25.0, 3],
        ['sub-01', 'n/a', 35.0, 3],
        ['sub-02', 'ses-a', 15.0, 2],
        ['sub-02', 'ses-b', 5.0, 1],
    ]
    counts = pd.read_csv(tmp_path / 'group_counts.tsv', sep='\t', keep_default_na=False)
    assert len(counts) == 6 * len(RESULTS)
    by = ['participant_id', 'session_id', 'hemisphere', 'slice']
    assert counts[by].equals(counts[by].sort_values(by, ignore_index=True))
    assert list(counts.columns)[:2] == ['participant_id', 'session_id']


def test_group_rows_equal_the_participants_rows(tmp_path):
    """All numbers are copied as written; the last column says which T2w is used."""
    paths = [save(tmp_path, *result, count=7 / 3) for result in RESULTS]
    collect_group(tmp_path)
    header, *lines = (tmp_path / 'group_potter.tsv').read_text().splitlines()
    rows = [line.rpartition('\t') for line in lines]
    assert sorted(row for row, *_ in rows) == sorted(
        path.read_text().splitlines()[1] for path in paths
    )
    assert header == paths[0].read_text().splitlines()[0] + '\tselected'
    # One of the two T2w of sub-01 is used.
    assert [selected for *_, selected in rows] == ['true', 'false', 'true', 'true']


def test_order_of_processing_does_not_matter(tmp_path):
    contents = set()
    for number in range(2):
        random.Random(number).shuffle(RESULTS)
        folder = tmp_path / str(number)
        for result in RESULTS:
            save(folder, *result, count=len(repr(result)))
        collect_group(folder)
        contents.add((folder / 'group_potter.tsv').read_bytes())
        contents.add((folder / 'group_counts.tsv').read_bytes())
    assert len(contents) == 2


def test_data_dictionaries_describe_every_column(tmp_path):
    save(tmp_path, '01')
    collect_group(tmp_path)
    for name in ('group_potter', 'group_counts'):
        header = (tmp_path / f'{name}.tsv').read_text().splitlines()[0].split('\t')
        assert list(json.loads((tmp_path / f'{name}.json').read_text())) == header


def page(folder):
    return (folder / 'group_potter.html').read_text(encoding='utf-8')


def save_sidecar(grade_path, **content):
    name = grade_path.name.replace('_desc-potter_grade.tsv', '_desc-preproc_T2w.json')
    grade_path.with_name(name).write_text(json.dumps(content), encoding='utf-8')


def test_consecutive_sessions_are_compared(tmp_path):
    for session, count in (('1', 3.0), ('2', 20.0), ('10', 21.0)):
        save(tmp_path, '01', session, count=count)
    save(tmp_path, '02', '1')
    collect_group(tmp_path)
    table = pd.read_csv(tmp_path / 'group_change.tsv', sep='\t', keep_default_na=False)
    assert list(json.loads((tmp_path / 'group_change.json').read_text())) == list(table.columns)
    assert table['session_first'].tolist() == ['ses-1', 'ses-2']
    assert table['session_second'].tolist() == ['ses-2', 'ses-10']
    # The six counts fall in steps of 0.1.
    assert table['count_sum_first'].tolist() == [6 * 3 - 1.5, 6 * 20 - 1.5]
    assert table['count_max_change'].tolist() == [17, 1]
    assert table['potter_change'].tolist() == [1, 1]
    assert table['days'].tolist() == ['n/a'] * 2
    # Intervals span half to twice the count.
    assert table['change'].tolist() == ['increase', 'within']
    assert 'Change between sessions' in page(tmp_path)


def test_changes_of_an_earlier_run_are_removed(tmp_path):
    save(tmp_path, '01', '1')
    second = save(tmp_path, '01', '2')
    collect_group(tmp_path)
    second.unlink()
    second.with_name(second.name.replace('potter_grade', 'epvs_counts')).unlink()
    names = {path.name for path in collect_group(tmp_path).written}
    assert not list(tmp_path.glob('group_change.*'))
    assert 'group_change.tsv' not in names
    assert 'Change between sessions' not in page(tmp_path)


def test_times_are_read_from_the_dataset(tmp_path):
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    for session in '12':
        save(out, '01', session)
    (bids / 'sub-01').mkdir(parents=True)
    text = 'session_id\tacq_time\nses-1\t2021-01-01\nses-2\t2020-01-01\n'
    (bids / 'sub-01' / 'sub-01_sessions.tsv').write_text(text)
    collect_group(out, bids)
    table = pd.read_csv(out / 'group_change.tsv', sep='\t')
    assert table[['session_first', 'days']].to_numpy().tolist() == [['ses-2', 366]]


def test_scanners_are_read_from_the_derivatives(tmp_path):
    facts = {'Manufacturer': 'Maker', 'ManufacturersModelName': 'M<1>', 'MagneticFieldStrength': 3}
    save_sidecar(save(tmp_path, '01'), **facts, VoxelSize=[0.5, 0.5, 4.04])
    save_sidecar(save(tmp_path, '02'), Manufacturer=['no', 'text'], VoxelSize='big')
    save(tmp_path, '03')
    path = save(tmp_path, '04')
    path.with_name('sub-04_desc-preproc_T2w.json').write_text('{damaged')
    assert collect_group(tmp_path).problems == ()
    text = page(tmp_path)
    assert 'Maker M&lt;1&gt; 3 T' in text
    assert '4.0 mm' in text
    assert text.count('<th scope="row">not known</th>') == 2


def test_participants_tsv_is_read_if_the_dataset_exists(tmp_path):
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    for number in range(10, 50):
        save(out, str(number), count=number / 2)
    bids.mkdir()
    lines = ['participant_id\tage\tsite'] + [
        f'sub-{n}\t{n + 30 + n % 7}\tS{n % 2}' for n in range(10, 50)
    ]
    (bids / 'participants.tsv').write_text('\n'.join(lines))
    output = collect_group(out, bids)
    assert output.warnings == ()
    assert 'age, per 10 years' in page(out)
    assert '<th scope="row">S1</th>' in page(out)
    with_people = (out / 'group_potter.tsv').read_bytes()
    assert collect_group(out, tmp_path / 'nowhere').warnings == ()
    assert 'Age, sex and group' not in page(out)
    assert (out / 'group_potter.tsv').read_bytes() == with_people
    (bids / 'participants.tsv').write_text('age\n3\n')
    (warning,) = collect_group(out, bids).warnings
    assert 'no column participant_id' in warning
    assert 'no column participant_id' in page(out)


def test_hostile_cells_stay_text(tmp_path):
    """Formulas, markup and unusual characters are copied to the tables unchanged."""
    cells = ['=1+1', '@cmd', '<script>alert(1)</script>', 'a\u202eb', '\U0001f9e0', '"', 'y' * 300]
    for number, cell in enumerate(cells, start=10):
        path = save(tmp_path / 'out', str(number))
        header, row = path.read_text().splitlines()
        path.write_text(f'{header}\n{row.replace("cascade 1.2.3", cell)}\n', encoding='utf-8')
    bids = tmp_path / 'bids'
    bids.mkdir()
    lines = ['participant_id\tgroup\tage\tsite']
    lines += [f'sub-{n}\t{cell}\t{cell}\t{cell}' for n, cell in enumerate(cells, start=10)]
    (bids / 'participants.tsv').write_text('\n'.join(lines), encoding='utf-8')
    output = collect_group(tmp_path / 'out', bids)
    assert output.problems == ()
    assert "unknown values left out: 7 of age (such as '=1+1')" in output.warnings[0]
    rows = (tmp_path / 'out' / 'group_potter.tsv').read_text(encoding='utf-8').splitlines()[1:]
    assert [row.split('\t')[-3] for row in rows] == cells
    text = page(tmp_path / 'out')
    assert '<script>alert' not in text
    assert text.count('&lt;script&gt;alert(1)&lt;/script&gt;') >= 3
    # The tables, which a spreadsheet might open, have no values from participants.tsv.
    for path in (tmp_path / 'out').glob('group_c*.tsv'):
        assert not any(cell in path.read_text(encoding='utf-8') for cell in cells if cell != '"')


def test_a_folder_without_results_is_an_error(tmp_path):
    with pytest.raises(NoInputError, match='has no results') as error:
        collect_group(tmp_path)
    assert error.value.exit_code == 66
    save(tmp_path, '01').write_text('')
    with pytest.raises(NoInputError, match='has only unusable results'):
        collect_group(tmp_path)
    with pytest.raises(NoInputError):
        collect_group(tmp_path / 'nowhere')


def test_an_unwritable_file_is_an_output_error(tmp_path):
    save(tmp_path, '01')
    (tmp_path / 'group_potter.tsv').mkdir()
    (tmp_path / 'group_potter.tsv' / 'in the way').touch()
    with pytest.raises(OutputError):
        collect_group(tmp_path)


@pytest.fixture
def out(tmp_path):
    """Return a folder with results and images of three participants."""
    for participant in ('01', '02', '03'):
        save_result(tmp_path, participant, images=True)
    return tmp_path


def test_a_sheet_has_six_images_of_each_t2w(out):
    output = collect_sheet(out, 1)
    assert output.problems == ()
    assert {path.name for path in output.written} == {
        'reading_sheet.html',
        'reading_ratings.tsv',
        'reading_ratings.json',
        'reading_key.tsv',
        'reading_key.json',
    }
    key = read_table(out / 'reading_key.tsv', 'reading_key')
    assert key['participant_id'].value_counts().to_dict() == {
        'sub-01': 6,
        'sub-02': 6,
        'sub-03': 6,
    }


def test_a_sheet_omits_and_reports_results_without_images(out):
    derivative_path(out / 'sub-02/anat/sub-02', 'desc-preproc_T2w.nii.gz').unlink()
    (problem,) = collect_sheet(out, 1).problems
    assert 'sub-02 cannot be shown' in problem
    key = read_table(out / 'reading_key.tsv', 'reading_key')
    assert set(key['participant_id']) == {'sub-01', 'sub-03'}


def test_another_seed_gives_other_codes(out):
    codes = []
    for seed in (1, 1, 2):
        collect_sheet(out, seed)
        codes.append(read_table(out / 'reading_key.tsv', 'reading_key')['image_id'].tolist())
    assert codes[0] == codes[1]
    assert not set(codes[0]) & set(codes[2])


def test_a_sheet_needs_results(tmp_path):
    with pytest.raises(NoInputError, match='run the participant level first'):
        collect_sheet(tmp_path, 1)
