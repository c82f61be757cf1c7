"""The processors, threads and memory of a run stay within its limits."""

import json
import os
import subprocess
import sys

import pytest

from pvs_workflow.execution.memory import IDLE_GB, RUN_GB
from tests.builders.example import EXAMPLE, tables
from tests.places import REAL

EXPECTED = {
    'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': '1',
    'OMP_NUM_THREADS': '1',
    'OPENBLAS_NUM_THREADS': '1',
}
TOO_MANY = dict.fromkeys([*EXPECTED, 'TF_NUM_INTEROP_THREADS', 'TF_NUM_INTRAOP_THREADS'], '8')
LIBRARIES = """
import json, os, sys
from pathlib import Path
from pvs_workflow.execution.environment import engine_environment
from pvs_workflow.settings import Settings
folder = Path.cwd()
settings = Settings(bids_dir=folder, output_dir=folder, work_dir=folder,
                    analysis_level='participant', run_id='run', omp_nthreads=int(sys.argv[1]))
os.environ.update(engine_environment(settings))
import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info
from pvs_workflow.networks.engine import configure_tensorflow, load_tensorflow
from pvs_workflow.registration.bias import correct_bias
import nibabel as nb
count = lambda: len(os.listdir('/proc/self/task'))
before = count()
data = np.random.default_rng(0).random((40, 40, 40), dtype=np.float32)
correct_bias(nb.Nifti1Image(data, np.diag([5, 5, 5, 1])), 1)
ants = count() - before
configure_tensorflow(1, 1)
threading = load_tensorflow().config.threading
print(json.dumps({
    'pools': {pool['internal_api']: pool['num_threads'] for pool in threadpool_info()},
    'ants': ants,
    'tensorflow': [threading.get_intra_op_parallelism_threads(),
                   threading.get_inter_op_parallelism_threads()],
}))
"""
WORKERS = """
import json, os
from pathlib import Path
from pvs_workflow.execution.engine import start_workers
from pvs_workflow.settings import Settings

if __name__ == '__main__':
    folder = Path.cwd()
    settings = Settings(bids_dir=folder, output_dir=folder, analysis_level='participant',
                        run_id='run', nprocs=2, omp_nthreads=1)
    settings.logs.mkdir()
    with start_workers(settings) as workers:
        futures = [workers.submit(os.getenv, name) for name in json.loads(os.environ['ASK'])]
        print(json.dumps([workers.result(future) for future in futures]))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def memory():
    from benchmarks import memory

    return memory


@pytest.fixture(scope='module', params=[1, 2])
def watched(request, memory, tmp_path_factory):
    # The shell asks for more threads than the run may use.
    folder = tmp_path_factory.mktemp('watched')
    with pytest.MonkeyPatch.context() as patch:
        for name, value in TOO_MANY.items():
            patch.setenv(name, value)
        code, text, usage = memory.observe(
            EXAMPLE, folder, '--nprocs', str(request.param), '--omp-nthreads', '1'
        )
    assert code == 0, text
    return request.param, usage, folder / 'out'


def test_any_number_of_processes_gives_the_same_bytes(watched, example):
    ours, reference = tables(watched[-1]), tables(example)
    assert len(ours) == 9
    assert all(reference[name] == content for name, content in ours.items())


@pytest.mark.parametrize('number', [1, 3])
def test_libraries_use_the_given_number_of_threads(tmp_path, number):
    completed = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', LIBRARIES, str(number)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | TOO_MANY,
    )
    assert completed.returncode == 0, completed.stderr
    report = json.loads(completed.stdout.splitlines()[-1])
    assert 'openblas' in report['pools']
    # Some libraries use no more threads than there are processors.
    assert set(report['pools'].values()) <= {number, min(number, os.cpu_count() or 1)}
    assert report['ants'] <= 1
    assert report['tensorflow'] == [1, 1]


def test_no_process_is_busier_than_one_processor(memory, watched):
    number, usage, _ = watched
    for process in usage.processes.values():
        assert memory.busiest([process]) <= 1.1
    # The first worker starts while the run searches for scans. Later, the run itself uses almost
    # no CPU time.
    assert memory.busiest(list(usage.processes.values())) <= 1.1 * number + 0.2


def test_every_worker_gets_the_thread_settings(tmp_path):
    """Each variable is read in a separate worker, from the environment it started with."""
    path = tmp_path / 'ask.py'
    path.write_text(WORKERS)
    completed = subprocess.run(
        [sys.executable, path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | TOO_MANY | {'ASK': json.dumps(list(EXPECTED))},
    )
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout) == list(EXPECTED.values())


def test_tensorflow_starts_once_in_each_process_for_all_scans(memory, watched):
    number, usage, _ = watched
    workers = memory.workers(usage)
    assert len(workers) == number
    assert {step.split('.')[1] for one in workers for step in one.steps} == {
        'sub_01_ses_1_wf',
        'sub_01_ses_2_wf',
        'sub_02_wf',
    }
    assert sum('tensorflow' in one.libraries for one in workers) <= number
    others = [one for one in usage.processes.values() if one not in workers]
    assert not any(one.libraries for one in others)


def test_no_step_takes_more_than_it_declares(memory, watched):
    assert_within_limits(memory, EXAMPLE, *watched[:2])


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no real scans in {REAL} (set PVS_REAL_DATA)')
def test_no_step_of_real_scans_takes_more_than_it_declares(memory, real):
    _, usage = real
    assert_within_limits(memory, REAL, 2, usage)
    assert usage.peak <= 4


def assert_within_limits(memory, bids_dir, number, usage):
    limits = memory.declared_memory(bids_dir)
    assert set(usage.steps) <= set(limits) | {''}
    # Very short steps may have been missed.
    assert len(usage.steps) > len(limits) / 3
    above = {name: used for name, used in usage.steps.items() if used > 0.95 * limits[name]}
    assert not above
    assert usage.idle <= IDLE_GB
    assert usage.peak <= RUN_GB + number * max(limits.values())
