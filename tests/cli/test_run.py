"""Exit codes of the command."""

import os
import signal

import pytest

from pvs_workflow.cli import run
from pvs_workflow.cli.run import run_with_exit_code
from pvs_workflow.errors import NoMatchError, ResourceError
from pvs_workflow.execution.stopping import EXIT_CODES


def fail(error):
    raise error


@pytest.mark.parametrize(
    ('action', 'code', 'message'),
    [
        (lambda: 0, 0, ''),
        (lambda: 1, 1, ''),
        (lambda: fail(NoMatchError('no match')), 18, 'no match'),
        (lambda: fail(KeyError('a bug')), 1, "unexpected KeyError: 'a bug' (please report it"),
        (
            lambda: fail(PermissionError(1, 'Operation not permitted', '/share/a.tsv')),
            1,
            'cannot use /share/a.tsv: Operation not permitted; check permissions, free space and',
        ),
        (
            lambda: fail(PermissionError(1, 'Operation not permitted', '/in/a', None, '/tmp/a')),
            1,
            'cannot use /tmp/a: Operation not permitted',
        ),
    ],
)
def test_an_action_ends_with_the_code_of_its_result_or_error(action, code, message, caplog):
    assert run_with_exit_code(action) == code
    assert message in caplog.text


@pytest.mark.parametrize(('signum', 'code'), EXIT_CODES.items())
def test_a_signal_ends_the_run_with_its_code(signum, code, caplog):
    signal.signal(signum, signal.SIG_DFL)
    assert run_with_exit_code(lambda: os.kill(os.getpid(), signum)) == code
    assert '; rerun the same command with the same work folder to resume' in caplog.text


def test_thread_limits_are_set_at_the_start(monkeypatch, tmp_path):
    monkeypatch.setenv('OMP_NUM_THREADS', '64')
    monkeypatch.setattr(run, 'start_console', lambda verbosity: None)
    code = run.main(
        [str(tmp_path / 'nowhere'), str(tmp_path / 'out'), 'participant', '--omp-nthreads', '2']
    )
    assert (code, os.environ['OMP_NUM_THREADS']) == (16, '2')


@pytest.mark.parametrize(
    ('options', 'checked'),
    [
        (['participant'], True),
        (['participant', '--nipype-plugin-file', 'plugin.yml'], False),
        (['participant', '--reports-only'], False),
        (['group'], False),
    ],
)
def test_limits_are_checked_only_if_this_process_starts_workers(
    options, checked, monkeypatch, tmp_path, caplog
):
    monkeypatch.setattr(run, 'start_console', lambda verbosity: None)
    monkeypatch.setattr(run, 'check_limits', lambda settings: fail(ResourceError('too low')))
    code = run.main([str(tmp_path / 'nowhere'), str(tmp_path / 'out'), *options])
    assert code != 0
    assert ('too low' in caplog.text) == checked
