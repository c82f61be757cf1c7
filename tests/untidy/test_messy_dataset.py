"""A dataset in which everything but the images is untidy, run as users run it."""

import json

import pytest

from tests.builders.example import copy_t2w, make_raw, read, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def outcome(tmp_path_factory):
    """Return the output folder and the process of both levels."""
    folder = tmp_path_factory.mktemp('messy')
    bids = folder / 'bids'
    copy_t2w(*make_raw(bids, '02'))
    (bids / 'README').unlink()
    (bids / 'Thumbs.db').write_bytes(b'\xd0\xcf\x11\xe0')
    (bids / 'dataset_description.json').write_bytes(b'\xef\xbb\xbf{"Name": "K\xc3\xb6ln"}\r\n')
    (bids / 'sub-02/anat/sub-02_T2w.json').write_text("{'EchoTime': '81 ms',}")
    table = 'participant_id\tage\tsex\tsite\r\nsub-2\t93\tw\tKöln\r\n'
    (bids / 'participants.tsv').write_bytes(table.encode('utf-16'))
    filters = {'T2w': {'acquisition': 'Query.NONE'}, 'bold': {'session': 1}}
    (folder / 'filters.json').write_bytes(b'\xef\xbb\xbf' + json.dumps(filters).encode())
    options = ('--nprocs', 2, '--bids-filter-file', folder / 'filters.json')
    first = run(bids, folder / 'out', 'participant', *options)
    return folder / 'out', first, run(bids, folder / 'out', 'group')


def test_the_person_is_graded(outcome):
    out, process, group = outcome
    assert (process.returncode, group.returncode) == (0, 0), process.stderr + group.stderr
    grade = read(out / 'sub-02/anat/sub-02_desc-potter_grade.tsv')
    assert (grade['potter'].item(), grade['qc'].item()) == (3, 'pass')


def test_each_kind_of_mess_is_one_line(outcome):
    _, process, group = outcome
    for text in (
        'the BIDS validator reports errors, which do not stop the run: ',
        'filters for bold passed over',
    ):
        assert process.stderr.count(text) == 1
    for text in (process.stderr, group.stderr):
        assert text.count('no row for sub-02, but unmatched rows: sub-2 (like sub-02)') == 1
