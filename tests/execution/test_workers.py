"""Workers end when the run ends."""

import signal
import subprocess
import sys
import time

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution import workers
from pvs_workflow.execution.workers import Workers
from tests.builders.execution import TINY, is_alive


@pytest.mark.slow
@pytest.mark.parametrize(
    ('sent', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_no_worker_outlives_the_run(tmp_path, sent, code):
    process = subprocess.Popen(
        [sys.executable, TINY, 'slow', tmp_path],
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background ignore Ctrl-C, and children inherit this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    runs = tmp_path / 'runs.txt'
    deadline = time.monotonic() + 120
    while not runs.exists() or len(runs.read_text().splitlines()) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)
    workers = [int(line.split()[1]) for line in runs.read_text().splitlines()]
    process.send_signal(sent)
    errors = process.communicate(timeout=180)[1]
    assert process.returncode == code
    deadline = time.monotonic() + 10
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    if code > 0:
        assert 'Traceback' not in errors
        assert 'to resume' in errors


def test_shared_memory_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(**options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(workers, 'ProcessPoolExecutor', refuse)
    with Workers(tmp_path / 'log') as run, pytest.raises(OutputError) as info:
        run.start_first()
    assert str(info.value) == (
        'cannot write /dev/shm: No space left on device; give the container or job a writable '
        '/dev/shm of at least 1 MB'
    )
