"""Commands of a real Slurm, and the participants of its tests."""

import os
import subprocess
import time

from tests.places import REAL

PARTICIPANTS = ('01', '03') if REAL.is_dir() else ('01', '02')


def call(*words, **options):
    """Run a command, which must succeed, and return its standard output."""
    process = subprocess.run(list(map(str, words)), capture_output=True, text=True, **options)
    assert process.returncode == 0, process.stderr
    return process.stdout


def wait_for_jobs(seconds=7200):
    """Wait until this user has no job in the queue."""
    deadline = time.monotonic() + seconds
    while call('squeue', '--noheader', '--user', os.getuid()).strip():
        assert time.monotonic() < deadline, call('squeue')
        time.sleep(2)
