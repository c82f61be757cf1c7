"""Atomic writing, and half-written files of killed processes."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pvs_workflow.derivatives.description import BIDSIGNORE
from pvs_workflow.derivatives.results import find_results
from pvs_workflow.errors import OutputError
from pvs_workflow.files import (
    cannot_write,
    decode_text,
    read_json,
    read_json_object,
    remove_files,
    remove_leftovers,
    write_text,
)
from pvs_workflow.report.results import find_scans

WRITE = """
import sys, time
from pathlib import Path
from pvs_workflow.files import atomic_path
with atomic_path(Path(sys.argv[1])) as path:
    path.write_text('half of ')
    print(path.parent.name, flush=True)
    time.sleep(600)
"""
NAME = 'sub-01_desc-potter_grade.tsv'


@pytest.fixture
def writer(tmp_path):
    """Start to write a table in another process; return process, target and temporary folder."""
    target = tmp_path / 'sub-01' / 'anat' / NAME
    process = subprocess.Popen(
        [sys.executable, '-c', WRITE, target], stdout=subprocess.PIPE, text=True
    )
    folder = target.parent / process.stdout.readline().strip()
    yield process, target, folder
    process.kill()
    process.communicate()


def test_a_killed_writer_does_not_change_the_old_file(writer, tmp_path):
    process, target, folder = writer
    write_text(target, 'old')
    assert (folder / NAME).read_text() == 'half of '
    assert remove_leftovers(target.parent) == []  # the process is still writing
    process.kill()
    process.wait()
    assert target.read_text() == 'old'
    assert remove_leftovers(target.parent) == [folder]
    assert list(target.parent.iterdir()) == [target]


def test_half_written_files_are_not_results(writer, tmp_path):
    from bids import BIDSLayout

    folder = writer[2]
    (tmp_path / 'dataset_description.json').write_text(
        '{"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative", '
        '"GeneratedBy": [{"Name": "pvs_workflow"}]}'
    )
    assert (folder / NAME).exists()
    assert find_results(tmp_path).paths == ()
    assert find_scans(tmp_path, '01') == []
    layout = BIDSLayout(tmp_path, validate=False, is_derivative=True)
    assert [path for path in layout.files if 'potter' in path] == []
    # The validator and patterns of users do not match them either.
    assert '.writing-*' in BIDSIGNORE
    assert list(tmp_path.glob('sub-*/anat/*.tsv')) == []


def test_leftovers_of_other_machines_are_removed_after_a_day(tmp_path):
    new, old, owned = (tmp_path / f'.writing-00000000-1-1-{name}' for name in ('new', 'old', 'x'))
    for folder in (new, old, tmp_path / 'sub-01' / owned.name):
        folder.mkdir(parents=True)
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    assert remove_leftovers(tmp_path) == [old]
    assert remove_leftovers(tmp_path, recursive=True) == []
    assert remove_leftovers(tmp_path / 'sub-01', everything=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [new.name, 'sub-01']
    assert list((tmp_path / 'sub-01').iterdir()) == []


LIMITED = """
import sys
from pathlib import Path
from pvs_workflow.errors import OutputError
from pvs_workflow.files import write_text
try:
    write_text(Path(sys.argv[1]), 'new ' * 10_000)
except OutputError as error:
    print(error)
"""


def test_a_file_that_does_not_fit_does_not_replace_the_old_one(tmp_path):
    target = tmp_path / 'table.tsv'
    target.write_text('old')
    completed = subprocess.run(
        [sys.executable, '-c', LIMITED, target],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout == f'cannot write {target}: File too large; choose another folder\n'
    assert target.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [target]


def test_the_free_space_is_reported_if_the_disk_is_full(tmp_path):
    full = OSError(28, 'No space left on device')
    assert ' MB free); free some space' in str(cannot_write(tmp_path / 'not' / 'there', full))
    denied = OSError(13, 'Permission denied')
    assert str(cannot_write(tmp_path, denied)).endswith(
        ': Permission denied; choose another folder'
    )


def test_an_error_of_the_writer_is_reported(tmp_path, monkeypatch):
    def refuse(self, *args, **options):
        raise OSError(122, 'Disk quota exceeded')

    monkeypatch.setattr(Path, 'write_text', refuse)
    with pytest.raises(OutputError, match=r': Disk quota exceeded \(.* MB free\)'):
        write_text(tmp_path / 'a', 'b')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    'encoding',
    ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'latin-1', 'cp1252'],
)
@pytest.mark.parametrize('line_end', ['\n', '\r\n', '\r'])
def test_texts_of_all_usual_encodings_are_decoded(tmp_path, encoding, line_end):
    text = '{"Name": "Universitätsklinikum Köln",\n "Unit": "µV"}\n'
    content = text.replace('\n', line_end).encode(encoding)
    assert decode_text(content) == text
    (tmp_path / 'a.json').write_bytes(content)
    assert read_json(tmp_path / 'a.json') == {'Name': 'Universitätsklinikum Köln', 'Unit': 'µV'}


def test_bytes_of_no_encoding_do_not_hide_the_rest():
    assert decode_text(b'a\tb\n\x81\x93\xfa\t71\n').endswith('\t71\n')
    with pytest.raises(ValueError, match='truncated'):
        decode_text('ab'.encode('utf-16')[:-1])


@pytest.mark.parametrize('content', ['{"a": 1,}', '[1]', '', '{"a": 1', '\0' * 99, '[' * 99_999])
def test_a_sidecar_that_is_not_an_object_is_empty(tmp_path, content):
    (tmp_path / 'a.json').write_text(content)
    assert read_json_object(tmp_path / 'a.json') == {}


def test_files_are_removed_if_they_exist(tmp_path):
    (tmp_path / 'a').touch()
    remove_files([tmp_path / 'a', str(tmp_path / 'b')])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / 'folder').mkdir()
    with pytest.raises(OutputError, match='folder'):
        remove_files([tmp_path / 'folder'])
