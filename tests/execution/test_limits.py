"""Limits of this process, and runs that cannot work within them."""

import os
import platform
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.errors import ResourceError
from pvs_workflow.execution import limits
from pvs_workflow.execution.limits import available_memory, check_limits, group_folders
from pvs_workflow.settings import Settings
from tests.builders.execution import error_line, run_command
from tests.builders.untidy_limits import GB, make_machine, set_ulimits

SETTINGS = Settings(
    bids_dir=Path('in'), output_dir=Path('out'), analysis_level='participant', run_id='1'
)


@pytest.fixture
def user(monkeypatch):
    """Limits of processes do not apply to root."""
    monkeypatch.setattr(os, 'geteuid', lambda: 1000)
    monkeypatch.setattr(os, 'getuid', lambda: 1000)


def test_groups_are_listed_from_the_inner_to_the_outer(tmp_path):
    make_machine(tmp_path, group='/a/b')
    base = tmp_path / 'sys/fs/cgroup'
    assert group_folders('memory', tmp_path) == [base / 'a/b', base / 'a', base]
    make_machine(tmp_path, version=1, group='/docker/x/y', mounted='/docker/x')
    assert group_folders('cpu', tmp_path) == [base / 'cpu,cpuacct/y', base / 'cpu,cpuacct']


def test_the_limits_of_this_machine_are_plausible():
    pages = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    assert 0 < available_memory(environment={}) <= pages * 1.001 / 1e9
    check_limits(SETTINGS)


def test_a_machine_without_limits_passes(tmp_path, user):
    make_machine(tmp_path, files={'pids.max': 'max\n'})
    set_ulimits(tmp_path, Max_processes='unlimited', Max_address_space='unlimited')
    check_limits(SETTINGS, tmp_path)
    check_limits(SETTINGS, tmp_path / 'no proc')


@pytest.mark.skipif(platform.machine() != 'x86_64', reason='AVX belongs to x86-64')
def test_a_processor_without_avx_is_named(tmp_path):
    make_machine(tmp_path, flags='fpu sse2 sse4_2 avxes')
    with pytest.raises(ResourceError, match=r'^this processor has no AVX instructions, which'):
        check_limits(SETTINGS, tmp_path)


def test_a_small_address_space_is_named(tmp_path):
    make_machine(tmp_path)
    set_ulimits(tmp_path, Max_address_space=8 * GB)
    check_limits(SETTINGS, tmp_path)
    set_ulimits(tmp_path, Max_address_space=2 * GB)
    message = r'ulimit -v allows 2\.0 GB .* but a worker needs 4 GB; raise it'
    with pytest.raises(ResourceError, match=message):
        check_limits(SETTINGS, tmp_path)


def test_the_threads_of_the_user_count_towards_the_limit(tmp_path, user):
    make_machine(tmp_path)
    for pid, uid, threads in ((1, 0, 500), (20, 1000, 60), (21, 1000, 8)):
        (tmp_path / f'proc/{pid}').mkdir()
        status = f'Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nThreads:\t{threads}\n'
        (tmp_path / f'proc/{pid}/status').write_text(status)
    set_ulimits(tmp_path, Max_processes=80)
    message = 'ulimit -u allows 12 more processes and threads, but this run needs 19; raise it'
    with pytest.raises(ResourceError, match=message):
        check_limits(SETTINGS, tmp_path)
    set_ulimits(tmp_path, Max_processes=100)
    check_limits(SETTINGS, tmp_path)
    with pytest.raises(ResourceError, match=r'needs 76; .* lower --nprocs and --omp-nthreads'):
        check_limits(replace(SETTINGS, nprocs=4), tmp_path)


def test_the_limit_does_not_apply_to_root(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    make_machine(tmp_path)
    set_ulimits(tmp_path, Max_processes=1)
    check_limits(SETTINGS, tmp_path)


@pytest.mark.parametrize('version', [1, 2])
def test_the_limit_of_processes_of_a_container_is_named(version, tmp_path):
    folder = 'pids/' if version == 1 else ''
    files = {f'{folder}pids.max': '20\n', f'{folder}pids.current': '5\n'}
    make_machine(tmp_path, version=version, files=files)
    with pytest.raises(ResourceError, match=r'pids\.max allows 15 more processes and threads'):
        check_limits(SETTINGS, tmp_path)


def test_the_command_names_a_small_address_space_before_it_imports_numpy(make_dataset, tmp_path):
    completed = run_command(
        make_dataset('sub-01_T2w.nii.gz'),
        tmp_path / 'out',
        'participant',
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000)),
    )
    assert completed.returncode == 1
    assert error_line(completed).startswith('ulimit -v allows 0.4 GB of address space')
    assert not (tmp_path / 'out').exists()


def test_importing_the_limits_loads_no_engine():
    code = f'import sys, {limits.__name__}; print({{"numpy", "nipype"}} & set(sys.modules))'
    completed = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert completed.stdout == 'set()\n'
