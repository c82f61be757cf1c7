"""Commands and small graphs, run in separate processes."""

import subprocess
import sys
from pathlib import Path

TINY = Path(__file__).with_name('tiny_graph.py')
MEMORY = Path(__file__).with_name('memory_graph.py')
ALL = ['sub-01', 'sub-02', 'sub-03', 'sub-04']
WITHOUT_FAILURE = ['sub-01', 'sub-03', 'sub-04']
"""Participants of the small graph, and those without a failure."""


def run_command(*arguments, cwd, **options):
    """Run the command in a separate process, with warnings as errors."""
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        **options,
    )


def error_line(process):
    """Return the only line that a failed command prints."""
    assert 'Traceback' not in process.stderr
    assert process.stdout == ''
    lines = [line for line in process.stderr.splitlines() if line != 'validating the dataset']
    assert len(lines) == 1, process.stderr
    return lines[0]


def is_alive(pid):
    """Return whether a process is running; a zombie is not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
