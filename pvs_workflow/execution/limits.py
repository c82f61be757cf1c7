"""Read the limits of this process, and refuse runs that cannot work within them.

Limits are those of the machine, of control groups (containers, schedulers), of ``ulimit`` and of
a Slurm job. All files are read below ``root``, so that tests can use other ones.
"""

import math
import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pvs_workflow.errors import ResourceError
from pvs_workflow.settings import Settings

WORKER_ADDRESS_GB = 4.0
"""Address space of a worker, GB: 3.0 at its peak with T1w and FLAIR, and a third as reserve."""
_RUN_THREADS, _WORKER_THREADS, _THREAD_POOLS = 12, 4, 3
"""Threads of the main process and of the validator; of a worker; and thread pools of a worker.

Each pool has as many threads as --omp-nthreads. One worker with one thread ran within 14, two
with two within 24.
"""

_ROOT = Path('/')
_MEMORY = ('memory.max', 'memory.high', 'memory.limit_in_bytes')
"""Files with memory limits of a control group: two of version 2, one of version 1."""
_MIB = 2**20


def available_memory(root: Path = _ROOT, environment: Mapping[str, str] = os.environ) -> float:
    """Return the memory that this process may use, GB.

    It is the minimum of the machine's memory, the limits of all enclosing control groups, and
    the memory of the Slurm job.
    """
    sizes = [os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')]
    if match := re.search(r'^MemTotal:\s+(\d+) kB$', _read(root / 'proc/meminfo'), re.M):
        sizes = [int(match[1]) * 1024]
    for folder in group_folders('memory', root):
        sizes += [size for name in _MEMORY if (size := _number(_read(folder / name)))]
    if size := _number(environment.get('SLURM_MEM_PER_NODE', '')):
        sizes.append(size * _MIB)
    elif size := _number(environment.get('SLURM_MEM_PER_CPU', '')):
        sizes.append(size * _MIB * (_slurm_processors(environment) or 1))
    return min(sizes) / 1e9


def available_processors(root: Path = _ROOT, environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of processors that this process may use, at least 1.

    It is the minimum of the processors to which the process is bound, the quotas of all enclosing
    control groups, rounded up, and the processors of the Slurm job.
    """
    numbers = [len(os.sched_getaffinity(0)), _slurm_processors(environment)]
    for folder in group_folders('cpu', root):
        times = _read(folder / 'cpu.max').split() or [
            _read(folder / name) for name in ('cpu.cfs_quota_us', 'cpu.cfs_period_us')
        ]
        quota, period = (*map(_number, times), None)[:2]
        if quota and period:
            numbers.append(math.ceil(quota / period))
    return min(number for number in numbers if number)


def group_folders(controller: str, root: Path = _ROOT) -> list[Path]:
    """Return the folders of this process's control groups, from its own up to the outermost one.

    ``controller`` names a controller of version 1. All groups of version 2 are returned as well.
    """
    groups = {}
    for line in _read(root / 'proc/self/cgroup').splitlines():
        _, names, group = line.split(':', 2)
        groups |= dict.fromkeys(names.split(','), PurePosixPath(group))
    folders = []
    for kind, options, source, mount in _group_mounts(root):
        name = '' if kind == 'cgroup2' else controller
        if name not in groups or name not in ('', *options):
            continue
        # In a container, the mounted folder may be the container's own group.
        group = groups[name]
        inner = group.relative_to(source) if group.is_relative_to(source) else PurePosixPath()
        folder = root / mount.relative_to('/')
        folders += [folder / path for path in (inner, *inner.parents)]
    return list(dict.fromkeys(folders))


def check_limits(settings: Settings, root: Path = _ROOT) -> None:
    """Raise ResourceError if the workers of a run could not start or compute within the limits."""
    if platform.machine() == 'x86_64':
        flags = re.search(r'^flags\s*:(.*)$', _read(root / 'proc/cpuinfo'), re.M)
        if flags and 'avx' not in flags[1].split():
            raise ResourceError(
                'this processor has no AVX instructions, which TensorFlow needs; use another '
                'machine, or give the virtual machine the processor type of its host'
            )
    address_gb = _ulimit('Max address space', root) / 1e9
    if address_gb < WORKER_ADDRESS_GB:
        raise ResourceError(
            f'ulimit -v allows {address_gb:.1f} GB of address space, but a worker needs '
            f'{WORKER_ADDRESS_GB:g} GB; raise it or request more memory'
        )
    workers = settings.nprocs * (_WORKER_THREADS + _THREAD_POOLS * settings.threads)
    for name, free in _free_threads(root):
        if free < _RUN_THREADS + workers:
            raise ResourceError(
                f'{name} allows {max(free, 0):.0f} more processes and threads, but this run needs '
                f'{_RUN_THREADS + workers}; raise it, or lower --nprocs and --omp-nthreads'
            )


def _free_threads(root: Path) -> Iterator[tuple[str, float]]:
    """Yield each limit of processes and threads, and how many more it allows."""
    limit = _ulimit('Max processes', root)
    if os.geteuid() and limit < math.inf:  # the limit does not apply to root
        yield 'ulimit -u', limit - _user_threads(root)
    for folder in group_folders('pids', root):
        if limit := _number(_read(folder / 'pids.max')):
            used = _number(_read(folder / 'pids.current')) or 0
            yield str(folder / 'pids.max'), limit - used


def _user_threads(root: Path) -> int:
    """Return the number of threads of this user on this machine."""
    number = 0
    for path in (root / 'proc').glob('[0-9]*/status'):
        text = _read(path)
        user = re.search(r'^Uid:\s+(\d+)', text, re.M)
        threads = re.search(r'^Threads:\s+(\d+)', text, re.M)
        if user and threads and int(user[1]) == os.getuid():
            number += int(threads[1])
    return number


def _ulimit(name: str, root: Path) -> float:
    """Return a soft limit of this process; infinity if there is none."""
    match = re.search(rf'^{name}\s+(\d+)', _read(root / 'proc/self/limits'), re.M)
    return float(match[1]) if match else math.inf


def _group_mounts(root: Path) -> Iterator[tuple[str, list[str], PurePosixPath, PurePosixPath]]:
    """Yield type, options, mounted group and mount point of each mounted group hierarchy."""
    for line in _read(root / 'proc/self/mountinfo').splitlines():
        fields, _, rest = line.partition(' - ')
        kind, _, options = (*rest.split(), '', '', '')[:3]
        if kind in ('cgroup', 'cgroup2'):
            source, mount = fields.split()[3:5]
            yield kind, options.split(','), *map(PurePosixPath, (source, mount))


def _slurm_processors(environment: Mapping[str, str]) -> int | None:
    """Return the processors of a task, or those of the whole job if tasks have no number."""
    return _number(environment.get('SLURM_CPUS_PER_TASK', '')) or _number(
        environment.get('SLURM_CPUS_ON_NODE', '')
    )


def _number(text: str) -> int | None:
    """Return a number above 0, or None; files of limits may contain -1 or "max"."""
    text = text.strip()
    return int(text) or None if text.isdecimal() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError:
        # The group or file does not exist in this version.
        return ''
