"""Wall time, CPU time and peak memory of the whole participant level, session by session.

Usage: python benchmarks/sessions.py BIDS_DIR [--nprocs N] [--out FILE]

Every session runs alone and cold (a new work folder), as a user would run it. Memory is the sum
over the process tree of the proportional set size, sampled four times a second.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from resources import machine, measure

from pvs_workflow import __version__
from pvs_workflow.inputs import collect_scans


def main() -> None:
    """Measure every session of a dataset and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bids_dir', type=Path)
    parser.add_argument('--nprocs', type=int, default=2)
    parser.add_argument('--out', type=Path, default=Path('docs/validation/sessions.json'))
    arguments = parser.parse_args()
    sessions = {}
    for scan in collect_scans(arguments.bids_dir).scans:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                str(Path(sys.executable).with_name('pvs_workflow')),
                str(arguments.bids_dir.resolve()),
                f'{folder}/out',
                'participant',
                *('--participant-label', scan.participant),
                *(('--session-label', scan.session) if scan.session else ()),
                *('--nprocs', str(arguments.nprocs), '--work-dir', f'{folder}/work'),
            ]
            sessions[scan.prefix] = measure(command)
        print(scan.prefix, sessions[scan.prefix], flush=True)
    result = {
        'command': f'python benchmarks/sessions.py BIDS_DIR --nprocs {arguments.nprocs}',
        'version': __version__,
        'machine': machine(),
        'sessions': sessions,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + '\n')


if __name__ == '__main__':
    main()
