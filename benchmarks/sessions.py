"""Measure wall time, CPU time and peak memory of the participant level for each session.

Every session runs alone and cold (a new work folder), as a user would run it. Memory is the sum
over the process tree of the proportional set size, sampled four times a second.
"""

import tempfile
from pathlib import Path

from benchmarks.harness import APP, command, command_line, print_progress, write_record
from benchmarks.resources import measure
from pvs_workflow.inputs import collect_scans


def main() -> None:
    """Measure every session of a dataset and write the figures."""
    parser = command_line(__doc__, 'sessions.json')
    parser.add_argument('bids_dir', type=Path)
    parser.add_argument('--nprocs', type=int, default=2)
    args = parser.parse_args()
    sessions = {}
    for scan in collect_scans(args.bids_dir).scans:
        with tempfile.TemporaryDirectory() as folder:
            words = [APP, str(args.bids_dir.resolve()), f'{folder}/out', 'participant']
            words += ['--participant-label', scan.participant]
            words += ['--session-label', scan.session] if scan.session else []
            words += ['--nprocs', str(args.nprocs), '--work-dir', f'{folder}/work']
            sessions[scan.prefix] = measure(words)
        print_progress(f'{scan.prefix} {sessions[scan.prefix]}')
    repeat = command('sessions', args, 'bids_dir', '--nprocs')
    write_record(args.out, repeat, {'sessions': sessions})


if __name__ == '__main__':
    main()
