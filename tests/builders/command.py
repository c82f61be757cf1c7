"""The command, run from this tree in a process of its own."""

import subprocess
import sys


def run(*arguments, cwd, **options):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        **options,
    )
