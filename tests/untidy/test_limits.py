"""Memory and processors of machines, containers and jobs as they are."""

import os

import pytest

from pvs_workflow.execution.limits import available_memory, available_processors
from tests.builders.untidy_limits import GB, MEMORY_GB, make_machine

NO_LIMIT_V1 = '9223372036854771712\n'
SLURM_V1 = '/slurm/uid_1000/job_7/step_batch'
DOCKER = '/docker/0123456789ab'

MEMORY = {
    'a machine without groups': (MEMORY_GB, {}),
    'a container': (8, {'files': {'memory.max': f'{8 * GB}\n'}}),
    'a container of version 1': (
        8,
        {'version': 1, 'group': DOCKER, 'mounted': DOCKER}
        | {'files': {'memory/memory.limit_in_bytes': f'{8 * GB}\n'}},
    ),
    'a job in a job': (
        6,
        {
            'group': '/system.slice/slurmstepd.scope/job_7/step_0/user/task_0',
            'files': {
                'system.slice/slurmstepd.scope/job_7/memory.max': f'{6 * GB}\n',
                'system.slice/slurmstepd.scope/job_7/step_0/memory.max': 'max\n',
                'system.slice/slurmstepd.scope/job_7/step_0/user/task_0/memory.max': 'max\n',
                'system.slice/slurmstepd.scope/job_8/memory.max': f'{2 * GB}\n',
                'system.slice/memory.max': f'{20 * GB}\n',
            },
        },
    ),
    'a job of version 1': (
        4,
        {
            'version': 1,
            'group': SLURM_V1,
            'files': {
                'memory/memory.limit_in_bytes': NO_LIMIT_V1,
                'memory/slurm/uid_1000/memory.limit_in_bytes': f'{10 * GB}\n',
                'memory/slurm/uid_1000/job_7/memory.limit_in_bytes': f'{4 * GB}\n',
                f'memory{SLURM_V1}/memory.limit_in_bytes': NO_LIMIT_V1,
            },
        },
    ),
    'a service that is slowed down above a limit': (
        3,
        {'group': '/user.slice', 'files': {'user.slice/memory.high': f'{3 * GB}\n'}},
    ),
    'a group outside the mounted one': (
        5,
        {'group': '/../other', 'files': {'memory.max': f'{5 * GB}\n'}},
    ),
    'a group that is not mounted here': (
        5,
        {'group': '/kubepods/pod1/abc', 'mounted': '/kubepods/pod2'}
        | {'files': {'memory.max': f'{5 * GB}\n'}},
    ),
}
PROCESSORS = {
    'no quota': (3, {'files': {'cpu.max': 'max 100000\n'}}),
    'a quota': (2, {'files': {'cpu.max': '200000 100000\n'}}),
    'one and a half': (2, {'files': {'cpu.max': '150000 100000\n'}}),
    'less than one': (1, {'files': {'cpu.max': '25000 100000\n'}}),
    'a quota of an outer group': (
        1,
        {'group': '/a/b', 'files': {'a/b/cpu.max': 'max 100000\n', 'a/cpu.max': '50000 50000\n'}},
    ),
    'version 1': (
        2,
        {
            'version': 1,
            'group': '/docker/1',
            'files': {
                'cpu,cpuacct/docker/1/cpu.cfs_quota_us': '200000\n',
                'cpu,cpuacct/docker/1/cpu.cfs_period_us': '100000\n',
            },
        },
    ),
    'no quota in version 1': (
        3,
        {
            'version': 1,
            'files': {
                'cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
                'cpu,cpuacct/cpu.cfs_period_us': '100000\n',
            },
        },
    ),
}
MIB_GB = 2**20 / 1e9
SLURM = {
    'memory of the node': ({'SLURM_MEM_PER_NODE': '4096'}, 4096 * MIB_GB, 3),
    'memory for each processor': (
        {'SLURM_MEM_PER_CPU': '2048', 'SLURM_CPUS_PER_TASK': '2', 'SLURM_CPUS_ON_NODE': '8'},
        4096 * MIB_GB,
        2,
    ),
    'memory for each processor, without tasks': (
        {'SLURM_MEM_PER_CPU': '2048', 'SLURM_CPUS_ON_NODE': '3'},
        6144 * MIB_GB,
        3,
    ),
    'all memory of the node': ({'SLURM_MEM_PER_NODE': '0'}, MEMORY_GB, 3),
    'more than the machine has': (
        {'SLURM_MEM_PER_NODE': '256000', 'SLURM_CPUS_PER_TASK': '64'},
        MEMORY_GB,
        3,
    ),
    'values that are no numbers': (
        {'SLURM_MEM_PER_NODE': '4G', 'SLURM_CPUS_PER_TASK': ''},
        MEMORY_GB,
        3,
    ),
}


@pytest.fixture(autouse=True)
def bound_to_three(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: {0, 2, 5})


@pytest.mark.parametrize(('expected', 'machine'), MEMORY.values(), ids=MEMORY)
def test_memory_is_that_of_the_narrowest_group(expected, machine, tmp_path):
    make_machine(tmp_path, **machine)
    assert available_memory(tmp_path, {}) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(('expected', 'machine'), PROCESSORS.values(), ids=PROCESSORS)
def test_processors_are_those_of_the_narrowest_group(expected, machine, tmp_path):
    make_machine(tmp_path, **machine)
    assert available_processors(tmp_path, {}) == expected


@pytest.mark.parametrize(('variables', 'memory', 'processors'), SLURM.values(), ids=SLURM)
def test_the_request_of_a_slurm_job_is_respected(variables, memory, processors, tmp_path):
    make_machine(tmp_path)
    assert available_memory(tmp_path, variables) == pytest.approx(memory, rel=1e-6)
    assert available_processors(tmp_path, variables) == processors


def test_without_proc_the_machine_is_asked(tmp_path):
    assert available_memory(tmp_path, {}) > 0.1
    assert available_processors(tmp_path, {}) == 3
