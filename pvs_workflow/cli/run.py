"""Entry point of the ``pvs_workflow`` command."""

import logging
import os
import sys
from collections.abc import Callable, Sequence

from pvs_workflow.cli.logs import open_closed_streams, start_console
from pvs_workflow.cli.parser import parse_args
from pvs_workflow.errors import EXIT_FAILED, PVSError
from pvs_workflow.execution.environment import thread_limits
from pvs_workflow.execution.limits import check_limits
from pvs_workflow.execution.stopping import MESSAGES, StoppedError, ignore_signals, watch_signals
from pvs_workflow.settings import Settings

log = logging.getLogger('pvs_workflow')


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``pvs_workflow`` and return its exit code (see ``--help``)."""
    open_closed_streams()
    settings = parse_args(argv)
    start_console(settings.verbosity)
    # NumPy sizes its thread pools at import.
    os.environ.update(thread_limits(settings.threads))
    return run_with_exit_code(lambda: _action(settings)(settings))


def _action(settings: Settings) -> Callable[[Settings], int]:
    """Import and return the function that the command line asks for."""
    if settings.analysis_level == 'group':
        from pvs_workflow.cli.group import run_group as action
    elif settings.reports_only:
        from pvs_workflow.cli.reports import rebuild_reports as action
    elif settings.write_slurm:
        from pvs_workflow.cli.job_array import write_array as action
    else:
        if not settings.nipype_plugin_file:
            # The imports themselves crash if the address space is too small.
            check_limits(settings)
        from pvs_workflow.cli.participant import run_participants as action
    return action


def run_with_exit_code(action: Callable[[], int]) -> int:
    """Run an action; return its exit code, or the code of the error or signal that ended it."""
    watch_signals()
    try:
        return action()
    except PVSError as error:
        log.error('%s', error)
        return error.exit_code
    except StoppedError as error:
        ignore_signals()
        log.error(
            '%s; rerun the same command with the same work folder to resume',
            MESSAGES[error.signum],
        )
        return error.exit_code
    except Exception as error:
        log.debug('unexpected error', exc_info=True)
        if isinstance(error, OSError) and error.filename:
            log.error(
                'cannot use %s: %s; check permissions, free space and its file system',
                error.filename2 or error.filename,
                error.strerror,
            )
        else:
            log.error(
                'unexpected %s: %s (please report it with the log file of this run)',
                type(error).__name__,
                error,
            )
        return EXIT_FAILED


if __name__ == '__main__':
    sys.exit(main())
