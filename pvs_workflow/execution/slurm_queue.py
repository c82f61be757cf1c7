"""Slurm's own commands: jobs submitted, looked for, cancelled, and asked how they ended."""

import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence

from pvs_workflow.errors import PVSError

_TRIES, _SECONDS_BETWEEN_TRIES = 5, 3.0
_AT_ONCE = 500
"""Job numbers on a command line."""

log = logging.getLogger('pvs_workflow')


class Queue:
    """Which jobs of this user are still there; asked once for all of them, and not too often.

    Parameters
    ----------
    seconds : float
        For which an answer is good.
    clock : callable, optional
        Returns seconds.

    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._seconds, self._clock = seconds, clock
        self._submitted: dict[int, float] = {}
        self._asked, self._there = float('-inf'), frozenset()

    @property
    def jobs(self) -> list[int]:
        """Those that were added and are not known to be gone."""
        return list(self._submitted)

    def add(self, job: int) -> None:
        """Take a job that was just submitted."""
        self._submitted[job] = self._clock()

    def holds(self, job: int) -> bool:
        """Tell whether a job waits or runs."""
        if self._clock() - self._asked >= self._seconds:
            self._ask()
        # An answer says nothing of jobs that are younger than it.
        if self._submitted.get(job, float('-inf')) >= self._asked or job in self._there:
            return True
        self._submitted.pop(job, None)
        return False

    def cancel(self) -> None:
        """Cancel all jobs that were added and are not known to be gone."""
        jobs = list(map(str, self._submitted))
        for first in range(0, len(jobs), _AT_ONCE):
            command = ['scancel', *jobs[first : first + _AT_ONCE]]
            subprocess.run(command, check=False, capture_output=True)

    def _ask(self) -> None:
        begin = self._clock()
        command = ['squeue', '--noheader', '--user', str(os.getuid()), '--format', '%A']
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            # Its server is busy, or restarts: nothing is known, and everything may be there.
            log.debug('squeue: %s', done.stderr.strip())
            self._there = frozenset(self._submitted)
        else:
            self._there = frozenset(map(int, done.stdout.split()))
        self._asked = begin


def submit(words: Sequence[str]) -> int:
    """Submit a job and return its number.

    Parameters
    ----------
    words : sequence of str
        Options, and the script.

    Raises
    ------
    PVSError
        If Slurm does not take it, also when asked again.

    """
    for last in [False] * (_TRIES - 1) + [True]:
        done = subprocess.run(['sbatch', '--parsable', *words], capture_output=True, text=True)
        number = re.match(r'\d+', done.stdout)
        if done.returncode == 0 and number:
            return int(number[0])
        if not last:
            time.sleep(_SECONDS_BETWEEN_TRIES)
    raise PVSError(
        f'{words[-1]} cannot be submitted, expected the number of a job from sbatch, received: '
        f'{" ".join((done.stderr or done.stdout).split()) or "nothing"}'
    )


def ending(job: int) -> str:
    """Say how a job ended, as far as Slurm still knows it."""
    command = ['scontrol', 'show', 'job', str(job)]
    done = subprocess.run(command, capture_output=True, text=True)
    state = re.search(r'JobState=(\w+)', done.stdout)
    return f'as {state[1]}' if state else 'for a reason that Slurm does not know any more'


def dependency(jobs: Iterable[int]) -> list[str]:
    """Return the options of a job that needs others to end well.

    Examples
    --------
    >>> dependency([3, 5]), dependency([])
    (['--dependency=afterok:3:5', '--kill-on-invalid-dep=yes'], [])

    """
    numbers = ':'.join(map(str, jobs))
    return [f'--dependency=afterok:{numbers}', '--kill-on-invalid-dep=yes'] if numbers else []
