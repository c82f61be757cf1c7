"""Train the network that finds the deep grey matter.

Usage: python scripts/train_nuclei.py OUTPUT --anatomies DIR [--held DIR] [--seed N] [--n-cpus N]

OUTPUT becomes a folder with three files: nuclei.safetensors; nuclei.json, with command, recipe,
seed, duration, and overlap on the label maps of --held, which are not used for training; and
template_probseg.nii.gz, the network's probabilities in the template's averages, 0 to 255.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.files import atomic_path, write_json
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.training.nuclei import Recipe, train
from pvs_workflow.lab.training.saving import dump_weights
from pvs_workflow.networks.engine import configure_tensorflow, versions
from pvs_workflow.networks.nuclei import build_nuclei_network, predict_nuclei
from pvs_workflow.science.nuclei import box_affine, sample_box


def template_probabilities(model) -> nb.Nifti1Image:
    """Return the network's mean probabilities in the template's T1 and T2 averages."""
    images = [
        nb.load(data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz'))
        for name in ('T1w', 'T2w')
    ]
    mean = np.mean([predict_nuclei(model, sample_box(i, np.eye(4))) for i in images], axis=0)
    return nb.Nifti1Image(np.round(255 * mean).astype(np.uint8), box_affine())


def main() -> None:
    """Train the network, and write it with its record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('output', type=Path)
    parser.add_argument('--anatomies', type=Path, required=True)
    parser.add_argument('--held', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--steps', type=int, default=Recipe.steps)
    parser.add_argument('--n-cpus', type=int, default=2)
    args = parser.parse_args()
    began = time.monotonic()
    configure_tensorflow(args.n_cpus, args.seed)
    model = build_nuclei_network()
    recipe = Recipe(steps=args.steps)
    maps = find_label_maps(args.anatomies)
    held = find_label_maps(args.held) if args.held else []
    history = train(
        model, maps, recipe, args.seed, lambda line: print(line, flush=True), held, args.n_cpus
    )
    args.output.mkdir(parents=True, exist_ok=True)
    with atomic_path(args.output / 'nuclei.safetensors') as path:
        path.write_bytes(dump_weights(model))
    with atomic_path(args.output / 'template_probseg.nii.gz') as path:
        nb.save(template_probabilities(model), path)
    words = ['python scripts/train_nuclei.py', args.output.name]
    words += ['--anatomies', args.anatomies.name, *(['--held', args.held.name] if held else [])]
    words += [f'--seed {args.seed} --steps {args.steps} --n-cpus {args.n_cpus}']
    record = {
        'command': ' '.join(words),
        'seed': args.seed,
        'recipe': asdict(recipe),
        'anatomies': [path.name for path in maps],
        'held': [path.name for path in held],
        'seconds': round(time.monotonic() - began),
        'versions': versions(),
        'history': history,
    }
    write_json(args.output / 'nuclei.json', record)


if __name__ == '__main__':
    main()
