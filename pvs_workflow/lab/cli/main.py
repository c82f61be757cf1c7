"""``pvs_cascade``: make training data, train a cascade, measure it."""

import argparse
import sys
from collections.abc import Sequence

from pvs_workflow import __version__
from pvs_workflow.errors import PVSError
from pvs_workflow.lab.cli import crossval, evaluate, simulate, train

COMMANDS = {
    'simulate': (simulate, 'write a BIDS dataset of simulated participants with known ePVS'),
    'train': (train, 'train a cascade on simulated people or on your own rated images'),
    'evaluate': (evaluate, 'measure how well a cascade counts on a dataset with known ePVS'),
    'crossval': (crossval, 'compare the enhancements as the paper does, in folds by participant'),
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``pvs_cascade``."""
    parser = argparse.ArgumentParser(
        prog='pvs_cascade', description='Make the cascade that pvs_workflow counts ePVS with.'
    )
    parser.add_argument('--version', action='version', version=f'pvs_cascade {__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``pvs_cascade``.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process when left out.

    Returns
    -------
    int
        The exit code: 0 when all went well, that of the error otherwise.

    """
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except PVSError as error:
        print(f'pvs_cascade: error: {error}', file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print('pvs_cascade: interrupted', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
