import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import Place
from pvs_workflow.raters.reading_key import find_key


def write(path, *rows):
    frame = pd.DataFrame(rows, columns=list(describe_columns('reading_key')))
    write_table(frame, path, 'reading_key')


def test_keys_of_all_folders_and_sheets(tmp_path):
    here, there = tmp_path / 'here', tmp_path / 'there'
    write(here / 'reading_key.tsv', ('BCD', 'sub-01', 'ses-a', 't', 'L', 9, 1))
    write(there / 'reading_key.tsv', ('BCD', 'sub-02', None, 't', 'L', 9, 1))
    write(there / 'reading_key_old-001.tsv', ('FGH', 'sub-03', None, 't', 'R', 8, 3))
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
