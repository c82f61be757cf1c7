"""Compare image enhancements, as in the paper, by cross-validation over participants."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

from pvs_workflow.errors import EXIT_OK
from pvs_workflow.lab.cli.arguments import add_epochs, add_processes, whole_number
from pvs_workflow.lab.cli.record import command_line, dataset_record, find_truth
from pvs_workflow.lab.evaluation.filters import METHODS

DEFAULT_SEED = 1
DEFAULT_FOLDS = 4
PARTS = 'parts'


@dataclass(frozen=True)
class CrossvalPlan:
    """Arguments of ``pvs_cascade crossval``."""

    bids_dir: Path
    output: Path
    derivatives: Path | None
    seed: int
    folds: int
    epochs_enhancer: int | None
    epochs_counter: int | None
    variations: int | None
    methods: tuple[str, ...]
    n_cpus: int

    @property
    def options(self) -> tuple[str, ...]:
        """Fields that the recorded command holds; methods only if some are left out."""
        names = ('seed', 'folds', 'epochs_enhancer', 'epochs_counter', 'variations', 'n_cpus')
        return names if set(self.methods) == set(METHODS) else (*names, 'methods')

    def config(self):
        """Return the training settings of the networks."""
        from pvs_workflow.lab.evaluation.fold import CrossvalConfig

        config = CrossvalConfig().with_epochs(self.epochs_enhancer, self.epochs_counter)
        return replace(config, variations=self.variations or config.variations)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade crossval``."""
    parser.add_argument('bids_dir', type=Path, metavar='BIDS_DIR', help='dataset with T2w images')
    parser.add_argument(
        'output',
        type=Path,
        metavar='OUTPUT_DIR',
        help='folder for the results; an interrupted run resumes from it',
    )
    parser.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='folder of the true ROI and ePVS labels (default: BIDS_DIR/derivatives/truth)',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=DEFAULT_SEED,
        help='random seed (default: %(default)s)',
    )
    parser.add_argument(
        '--folds',
        type=whole_number(2),
        default=DEFAULT_FOLDS,
        metavar='N',
        help='number of folds (default: %(default)s)',
    )
    add_epochs(parser)
    parser.add_argument(
        '--variations',
        type=whole_number(1),
        metavar='N',
        help='random variations of each training image, 40 kB of memory each (default: 8)',
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=METHODS,
        default=METHODS,
        metavar='METHOD',
        help=f'enhancements to compare: {", ".join(METHODS)} (default: all)',
    )
    add_processes(parser)


def run(plan: CrossvalPlan) -> int:
    """Cross-validate, and write tables and figures.

    Raises
    ------
    PVSError
        If the dataset cannot be used, or if the output folder is not writable or holds parts
        of another cross-validation.

    """
    derivatives = find_truth(plan.bids_dir, plan.derivatives)

    from pvs_workflow.files import write_json
    from pvs_workflow.lab.evaluation.crossval import cross_validate
    from pvs_workflow.lab.evaluation.figures import save_figures
    from pvs_workflow.lab.evaluation.results import write_predictions
    from pvs_workflow.lab.training.samples import read_samples

    print(f'Reading {plan.bids_dir}', flush=True)
    samples = [s for s in read_samples(plan.bids_dir, derivatives) if s.chosen]
    participants = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(participants)} participants', flush=True)
    start = time.monotonic()
    folds, parts = cross_validate(
        samples,
        plan.config(),
        plan.output / PARTS,
        plan.seed,
        methods=plan.methods,
        n_folds=plan.folds,
        n_cpus=plan.n_cpus,
        on_part=lambda done, total: print(f'{done} of {total} parts done', flush=True),
    )
    results = [image for part in chain(*parts.values()) for image in part.images]
    wall = time.monotonic() - start
    write_predictions(plan.output / 'predictions.tsv', results)
    figures = save_figures(plan.output, results)
    record = _record(plan, folds, parts, results) | {'seconds': round(wall)}
    write_json(plan.output / 'crossval.json', record)
    for path in (plan.output / 'crossval.json', plan.output / 'predictions.tsv', *figures):
        print(path, file=sys.stderr)
    return EXIT_OK


def _record(plan: CrossvalPlan, folds, parts: dict, results: Sequence) -> dict:
    from pvs_workflow.lab.evaluation.tables import contrast_table, counting_table, difference_table
    from pvs_workflow.networks.engine import versions

    return {
        'command': command_line('crossval', (plan.bids_dir, plan.output), plan, plan.options),
        'data': dataset_record(plan.bids_dir),
        'participants': sum(map(len, folds)),
        'images': len(results) // len(parts),
        'seed': plan.seed,
        'settings': asdict(plan.config()),
        'versions': versions(),
        'contrast': contrast_table(results),
        'counting': counting_table(results),
        'mae_over_deep': difference_table(results),
        'training': {
            method: [
                {'losses': part.losses, 'image_passes': part.image_passes, 'seconds': part.seconds}
                for part in method_parts
            ]
            for method, method_parts in parts.items()
        },
        'folds': folds,
        'part_seconds': round(sum(part.seconds for part in chain(*parts.values()))),
    }
