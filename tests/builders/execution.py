"""Commands and small graphs, run in processes of their own, and what is known of processes."""

import subprocess
import sys
from pathlib import Path

TINY = Path(__file__).with_name('tiny_graph.py')
MEMORY = Path(__file__).with_name('memory_graph.py')
ALL = ['sub-01', 'sub-02', 'sub-03', 'sub-04']
OTHERS = ['sub-01', 'sub-03', 'sub-04']
"""Participants of the small graph, and those that its failures must not harm."""


def run_command(*arguments, cwd, **options):
    """Run the command in a process of its own, where warnings are errors."""
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        **options,
    )


def complaint(done):
    """Return the one line that a failed command says."""
    assert 'Traceback' not in done.stderr
    assert done.stdout == ''
    lines = [line for line in done.stderr.splitlines() if line != 'validating the dataset']
    assert len(lines) == 1, done.stderr
    return lines[0]


def is_alive(pid):
    """Tell whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
