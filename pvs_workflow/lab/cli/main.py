"""Entry point of the ``pvs_cascade`` command."""

import argparse
import sys
from collections.abc import Callable, Sequence

from pvs_workflow import __version__
from pvs_workflow.errors import PVSError
from pvs_workflow.lab.cli import crossval, evaluate, simulate, train
from pvs_workflow.lab.training.plan import TrainingPlan

# For each command: its module, whose `run` takes a plan; the class of that plan, with a field
# for each argument; and a summary.
COMMANDS = {
    'simulate': (
        simulate,
        simulate.SimulationPlan,
        'write a BIDS dataset of simulated participants with known ePVS',
    ),
    'train': (
        train,
        TrainingPlan,
        'train a cascade on simulated participants or on your own rated images',
    ),
    'evaluate': (
        evaluate,
        evaluate.EvaluationPlan,
        'measure how well a cascade counts on a dataset with known ePVS',
    ),
    'crossval': (
        crossval,
        crossval.CrossvalPlan,
        'compare image enhancements, as in the paper, by cross-validation',
    ),
}


def cascade_parser() -> argparse.ArgumentParser:
    """Return the parser of ``pvs_cascade``."""
    parser = argparse.ArgumentParser(
        prog='pvs_cascade',
        description='Simulate training data, and train and evaluate the cascade that counts ePVS.',
    )
    parser.add_argument('--version', action='version', version=f'pvs_cascade {__version__}')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    for name, (module, plan, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run, plan=plan)
    return parser


def parse_command(argv: Sequence[str] | None = None) -> tuple[Callable, type, dict]:
    """Parse a command line; return the command, the class of its plan, and the plan's fields."""
    args = vars(cascade_parser().parse_args(argv))
    run, plan = args.pop('run'), args.pop('plan')
    # Plans are hashable, and so must be their fields.
    fields = {name: tuple(v) if isinstance(v, list) else v for name, v in args.items()}
    return run, plan, fields


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``pvs_cascade`` and return its exit code: 0 or that of the error."""
    run, plan, options = parse_command(argv)
    try:
        return run(plan(**options))
    except PVSError as error:
        print(f'pvs_cascade: error: {error}', file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print('pvs_cascade: interrupted', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
