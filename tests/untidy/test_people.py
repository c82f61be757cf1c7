"""Tables of participants as spreadsheets, R and hospitals write them."""

import json

import pytest

from pvs_workflow.group import collect_group
from pvs_workflow.inputs.participants import read_participants
from tests.builders.results import save_result

HEADER = 'participant_id\tage\tsex\tsite\n'
LEVELS = {'sex': {'Levels': {'1': 'male', '2': 'female'}}}
RIGHT = {'sub-01': (71.0, 'female'), 'sub-02': (66.0, 'male')}
TABLES = {
    'of R': '"participant_id"\t"age"\t"sex"\n"sub-01"\t71\t"F"\n"sub-02"\t66\t"M"\n',
    'without prefixes': 'participant_id\tage\tsex\n01\t71\tF\n02\t66\tM\n',
    'with blanks and capitals': 'Participant_ID \t Age\tSEX\nsub-01 \t 71\tf \nsub-02\t66 \tm\n',
    'with empty columns': 'participant_id\tage\tsex\t\t\nsub-01\t71\tF\t\t\nsub-02\t66\tM\t\t\n',
    'with empty rows': 'participant_id\tage\tsex\n\nsub-01\t71\tF\n\t\t\nsub-02\t66\tM\n\n\n',
    'with a row for each session': (
        'participant_id\tsession_id\tage\tsex\nsub-01\tses-1\t71\tF\nsub-01\tses-2\t71\tF\n'
        'sub-02\tses-1\t66\tM\nsub-02\tses-2\tn/a\tn/a\n'
    ),
    'of decimal commas': 'participant_id\tage\tsex\nsub-01\t71,0\tw\nsub-02\t66,0\tm\n',
    'of DICOM ages': 'participant_id\tage\tsex\nsub-01\t071Y\tF\nsub-02\t066Y\tM\n',
    'of described codes': 'participant_id\tage\tsex\nsub-01\t71\t2\nsub-02\t66\t1\n',
    'of codes with decimals': 'participant_id\tage\tsex\nsub-01\t71.0\t2.0\nsub-02\t66.0\t1.0\n',
}


@pytest.mark.parametrize('case', TABLES)
def test_usual_tables_are_read_without_a_warning(tmp_path, case):
    (tmp_path / 'participants.tsv').write_text(TABLES[case])
    (tmp_path / 'participants.json').write_text(json.dumps(LEVELS))
    participants = read_participants(tmp_path, list(RIGHT))
    assert participants.warning == ''
    rows = participants.frame.itertuples()
    assert {row.Index: (row.age, row.sex) for row in rows} == RIGHT


@pytest.mark.parametrize(
    ('age', 'sex', 'warning'),
    [
        ('NA', 'n/a', ''),
        ('#N/A', '.', ''),
        ('elderly', 'F', "1 of age (such as 'elderly')"),
        ('-999', 'F', "1 of age (such as '-999')"),
        ('71', '1', "1 of sex (such as '1')"),
        ('03.05.1950', 'F', "1 of age (such as '03.05.1950')"),
    ],
)
def test_values_that_are_not_known_do_not_cost_others(tmp_path, age, sex, warning):
    text = f'{HEADER}sub-01\t{age}\t{sex}\tA\nsub-02\t93\tM\tB\n'
    (tmp_path / 'participants.tsv').write_text(text)
    participants = read_participants(tmp_path, ['sub-01', 'sub-02'])
    assert participants.frame.loc['sub-02'].to_list() == [93.0, 'male', 'B']
    assert participants.frame.loc['sub-01', 'site'] == 'A'
    assert participants.warning.endswith(
        f': unknown values left out: {warning}' if warning else ''
    )
    assert bool(participants.warning) == bool(warning)


@pytest.mark.parametrize(
    ('row', 'label'),
    [('sub-1', '01'), ('1.0', '01'), ('s01', 'S01'), ('P-007', '007'), ('sub-PVS7', 'PVS007')],
)
def test_the_group_level_names_unmatched_rows(tmp_path, row, label):
    save_result(tmp_path / 'out', label)
    save_result(tmp_path / 'out', '90')
    bids = tmp_path / 'bids'
    bids.mkdir()
    rows = f'{row}\t71\tF\tA\nsub-90\t66\tM\tB\n'
    (bids / 'participants.tsv').write_text(HEADER + rows)
    output = collect_group(tmp_path / 'out', bids)
    assert output.problems == ()
    (warning,) = output.warnings
    sentence = f'no row for sub-{label}, but unmatched rows: '
    assert sentence in warning
    assert warning.endswith(f'{row.removeprefix("sub-")} (like sub-{label})')
    assert sentence in (tmp_path / 'out' / 'group_potter.html').read_text(encoding='utf-8')


def test_people_without_images_need_no_warning(tmp_path):
    save_result(tmp_path / 'out', '01')
    bids = tmp_path / 'bids'
    bids.mkdir()
    rows = ''.join(f'sub-{number:02}\t70\tF\tA\n' for number in range(1, 40))
    (bids / 'participants.tsv').write_text(HEADER + rows)
    assert collect_group(tmp_path / 'out', bids).warnings == ()
