"""Output and work folders on file systems that refuse calls, or with files of other systems."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.locking import RunLocks
from pvs_workflow.files import atomic_path, copy_file, remove_leftovers, write_text
from tests.builders.example import copy_t2w, make_raw, run, tables
from tests.builders.untidy_filesystems import (
    REFUSALS,
    build_library,
    litter,
    refuse,
    refusing,
)

REFUSED = [errno.EPERM, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS, errno.EACCES, errno.EEXIST]
NAMES = [errno.errorcode[number] for number in REFUSED]


def is_over_file(source, target):
    return os.path.lexists(target)


@pytest.mark.parametrize('error', REFUSED, ids=NAMES)
def test_files_are_written_where_permissions_cannot_be_set(error, tmp_path, monkeypatch):
    refuse(monkeypatch, Path, 'chmod', error)
    write_text(tmp_path / 'a', 'new')
    copy_file(tmp_path / 'a', tmp_path / 'b')
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {'a': 'new', 'b': 'new'}


@pytest.mark.parametrize('error', REFUSED, ids=NAMES)
def test_files_are_replaced_where_renaming_over_files_is_refused(error, tmp_path, monkeypatch):
    for name in ('replace', 'rename'):
        refuse(monkeypatch, Path, name, error, is_over_file)
    write_text(tmp_path / 'a', 'old')
    write_text(tmp_path / 'a', 'new')
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {'a': 'new'}


@pytest.mark.parametrize('error', REFUSED[:4], ids=NAMES[:4])
def test_a_file_system_without_renaming_is_named(error, tmp_path, monkeypatch):
    (tmp_path / 'a').write_text('old')
    for name in ('replace', 'rename'):
        refuse(monkeypatch, Path, name, error)
    for target in ('a', 'b'):
        with pytest.raises(OutputError, match='its file system refuses to rename files') as info:
            write_text(tmp_path / target, 'new')
        assert str(info.value).startswith(f'cannot write {tmp_path / target}: ')
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {'a': 'old'}


def test_the_old_file_returns_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    (tmp_path / 'a').write_text('old')

    def is_new(source, target):
        return source.name == target.name

    refuse(monkeypatch, Path, 'replace', errno.EPERM)
    refuse(monkeypatch, Path, 'rename', errno.EPERM, is_new)
    with pytest.raises(OutputError, match='refuses to rename files'):
        write_text(tmp_path / 'a', 'new')
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {'a': 'old'}


def test_a_run_stays_alive_where_times_cannot_be_set(tmp_path, monkeypatch):
    refuse(monkeypatch, os, 'utime', errno.EPERM, lambda path, *times: os.path.lexists(path))
    locks = RunLocks('1', [tmp_path])
    locks.start()
    (beat,) = tmp_path.glob('.*.beat')
    stamps = set()
    for _ in range(2):
        assert locks.lost() == []
        stamps.add(beat.stat().st_mtime_ns)
        time.sleep(0.02)
    assert len(stamps) == 2
    beat.unlink()
    assert locks.lost() == [tmp_path]
    assert not beat.exists()


def test_leftovers_that_cannot_be_removed_do_no_harm(tmp_path, monkeypatch):
    folder = tmp_path / '.writing-0-1-1-x'
    folder.mkdir()
    (folder / '.nfs00000000004a0001').touch()

    def is_open(path, *args):
        return Path(path).name.startswith('.nfs')

    refuse(monkeypatch, os, 'unlink', errno.EBUSY, is_open)
    assert remove_leftovers(tmp_path, everything=True) == [folder]
    with atomic_path(tmp_path / 'a') as path:
        path.write_text('new')
        path.with_name('.nfs00000000004a0002').touch()
    assert (tmp_path / 'a').read_text() == 'new'


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('raw') / 'bids'
    (anat,) = make_raw(folder, '01')
    copy_t2w(anat)
    return folder


@pytest.fixture(scope='module')
def expected(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp('usual') / 'out'
    assert run(dataset, out).returncode == 0
    assert run(dataset, out, 'group').returncode == 0
    return out


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    path = build_library(tmp_path_factory.mktemp('library'))
    if path is None:
        pytest.skip('there is no C compiler')
    return path


@pytest.mark.slow
@pytest.mark.parametrize(('calls', 'error'), REFUSALS.values(), ids=REFUSALS)
def test_the_group_level_works_where_calls_are_refused(
    calls, error, expected, dataset, library, tmp_path, monkeypatch
):
    out = tmp_path / 'out'
    shutil.copytree(expected, out)
    monkeypatch.setattr(
        'tests.builders.example.ENVIRONMENT', os.environ | refusing(library, out, calls, error)
    )
    completed = run(dataset, out, 'group')
    assert completed.returncode == 0, completed.stderr
    for path in expected.glob('group_*.tsv'):
        assert (out / path.name).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_results_are_the_same_where_calls_are_refused(
    expected, dataset, library, tmp_path, monkeypatch
):
    calls = ','.join(calls for calls, _ in REFUSALS.values())
    variables = refusing(library, tmp_path, calls, errno.EPERM)
    monkeypatch.setattr('tests.builders.example.ENVIRONMENT', os.environ | variables)
    for _ in range(2):
        completed = run(dataset, tmp_path / 'out')
        assert completed.returncode == 0, completed.stderr
        assert tables(tmp_path / 'out') == tables(expected)


@pytest.mark.slow
def test_files_of_other_systems_are_passed_over(expected, dataset, tmp_path):
    out, work = tmp_path / 'out', tmp_path / 'out_work'
    shutil.copytree(expected, out)
    shutil.copytree(expected.parent / 'out_work', work)
    litter(out)
    litter(work)
    for options in ((), ('--random-seed', '3'), ('--clean-workdir',)):
        completed = run(dataset, out, 'participant', *options)
        assert completed.returncode == 0, completed.stderr
    assert run(dataset, out, 'participant', '--reports-only').returncode == 0
    assert run(dataset, out, 'group').returncode == 0
    own = {name: text for name, text in tables(out).items() if not name.startswith('._')}
    assert own == tables(expected)
    for path in expected.glob('group_*.tsv'):
        assert (out / path.name).read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize('redirect', ['>&-', '<&- >&- 2>&-'], ids=['output', 'all'])
def test_results_are_the_same_with_closed_streams(redirect, expected, dataset, tmp_path):
    words = [sys.executable, '-m', 'pvs_workflow.cli.run', dataset, 'out', 'participant']
    text = f'exec {" ".join(map(str, words))} {redirect}'
    process = subprocess.Popen(['bash', '-c', text], cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        _, messages = process.communicate(timeout=900)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0, messages
    assert tables(tmp_path / 'out') == tables(expected)
