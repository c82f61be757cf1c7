"""Log messages to standard error and to a file in the output folder."""

import logging
import os
import sys
from contextlib import suppress

from pvs_workflow import __version__
from pvs_workflow.files import cannot_write
from pvs_workflow.settings import Settings, dump_settings

log = logging.getLogger('pvs_workflow')


def open_closed_streams() -> None:
    """Connect closed standard streams to nothing, or the next opened files would replace them."""
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        if getattr(sys, name) is None:
            # The lowest free descriptor is that of the stream.
            with suppress(OSError):
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
                setattr(sys, name, os.fdopen(number, 'w' if number else 'r', closefd=False))


def start_console(verbosity: int) -> None:
    """Log plain lines to standard error."""
    # Do not print tracebacks when the disk is full or the terminal is closed.
    logging.raiseExceptions = False
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter('%(message)s'))
    handler.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    log.setLevel(logging.DEBUG)
    log.addHandler(handler)
    # With a handler, nipype does not write to standard output.
    nipype = logging.getLogger('nipype')
    nipype.handlers.clear()
    nipype.addHandler(handler if verbosity else logging.NullHandler())
    nipype.propagate = False


def start_records(settings: Settings) -> None:
    """Create the log folder with the settings and log file of this run.

    Raises
    ------
    OutputError
        If the folder cannot be written to.

    """
    path = settings.logs / f'{settings.run_id}.log'
    settings.to_toml(path.with_suffix('.toml'))
    try:
        handler = logging.FileHandler(path, encoding='utf-8', errors='backslashreplace')
    except OSError as error:
        raise cannot_write(path, error) from error
    handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(message)s'))
    for name in ('pvs_workflow', 'nipype'):
        logging.getLogger(name).addHandler(handler)
    log.debug('pvs_workflow %s\n%s', __version__, dump_settings(settings))
