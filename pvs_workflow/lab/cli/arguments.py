"""Arguments shared by several commands of ``pvs_cascade``."""

import argparse
from collections.abc import Callable
from pathlib import Path


def whole_number(minimum: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from ``minimum`` to 2³² − 1, the range of seeds."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not minimum <= int(text) < 2**32:
            raise argparse.ArgumentTypeError(
                f'{text!r} is not a whole number from {minimum} to 2³²−1'
            )
        return int(text)

    return parse


def add_raters(parser) -> None:
    """Add the arguments for raters' masks and counts."""
    parser.add_argument(
        '--masks',
        type=Path,
        metavar='DIR',
        help="raters' ePVS masks, *_space-T2w_desc-raters_mask.nii.gz (default: the folder of "
        'the basal ganglia)',
    )
    parser.add_argument(
        '--ratings',
        type=Path,
        metavar='TSV',
        help="raters' counts, in columns participant_id, session_id, hemisphere, slice, count",
    )


def add_epochs(parser) -> None:
    """Add the arguments for the number of epochs."""
    for network in ('enhancer', 'counter'):
        parser.add_argument(
            f'--epochs-{network}',
            type=whole_number(1),
            metavar='N',
            help=f'number of epochs of the {network} (default: set by the recipe)',
        )


def add_processes(parser) -> None:
    """Add the argument for the number of processes."""
    parser.add_argument(
        '--n-cpus',
        type=whole_number(1),
        default=1,
        metavar='N',
        help='number of processes; does not affect the result (default: %(default)s)',
    )
