"""Arguments that several commands of ``pvs_cascade`` have."""

import argparse
from collections.abc import Callable
from pathlib import Path


def whole(smallest: int) -> Callable[[str], int]:
    """Return what reads a whole number from ``smallest`` to 2³² − 1, as seeds may be."""

    def read(text: str) -> int:
        if not text.isdecimal() or not smallest <= int(text) < 2**32:
            raise argparse.ArgumentTypeError(
                f'expected a whole number from {smallest} to 2³²−1, received {text}'
            )
        return int(text)

    return read


def add_raters(parser) -> None:
    """Add the arguments for raters' work."""
    parser.add_argument(
        '--masks',
        type=Path,
        metavar='DIR',
        help="raters' ePVS masks, *_space-T2w_desc-raters_mask.nii.gz (default: with the basal "
        'ganglia)',
    )
    parser.add_argument(
        '--ratings',
        type=Path,
        metavar='TSV',
        help='counts instead of masks: participant_id, session_id, hemisphere, slice, count',
    )


def add_epochs(parser) -> None:
    """Add the arguments for the length of a training."""
    for network in ('enhancer', 'counter'):
        parser.add_argument(
            f'--epochs-{network}',
            type=whole(1),
            metavar='N',
            help=f'how often the {network} sees all images (default: as the recipe says)',
        )


def add_processes(parser) -> None:
    """Add the number of processes."""
    parser.add_argument(
        '--n-cpus',
        type=whole(1),
        default=1,
        metavar='N',
        help='processes (default: %(default)s); the result does not depend on it',
    )
