"""How well a reader could do who knows where each ePVS is, and errs only in how bright it looks.

Usage: python benchmarks/readers.py FILE [--anatomies DIR] [--people N] [--seed N] [--n-cpus N]

What counts is decided by a threshold of contrast (the visibility rule), and noise hides on which
side of it a faint ePVS lies. Each reader applies the rule to the contrasts that he takes the ePVS
to have, and his counts and grades are compared with the truth:

noise     the contrast fitted to the noisy image by least squares, with the place and the exact
          shape of each ePVS known: no unbiased estimate has a smaller variance (Cramér–Rao). No
          cascade knows as much.
stricter, more lenient
          the right contrast, but a threshold one tenth higher or lower.

The people are those of ``benchmarks/validation.py --parts paper``, by the same seed.
"""

import argparse
import json
import shlex
import time
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.files import write_json
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.training.heldout import each_person, person_scenes, six_images
from pvs_workflow.science.grading import person_grade, potter_grade

READINGS = 5
"""Of each person by the reader with noise, each time another."""

TENTH = 0.1


def noisy(contrast: np.ndarray, noise: float, rng: np.random.Generator) -> float:
    """Return the fitted amplitude of a known shape in white noise; 1 is right.

    Its standard deviation is the noise's over the root of the shape's sum of squares.
    """
    power = np.sqrt(np.sum(np.square(contrast, dtype=float)))
    return 1 + rng.normal() * noise / power if power else 1.0


def readings(number: int, seed: int, anatomies: tuple[Path, ...]) -> dict[str, list[list[int]]]:
    """Return the counts of a person's six images: the truth's and each reader's, by name."""
    ((rng, scene),) = person_scenes(number, seed, 'paper', anatomies)
    noise = partial(noisy, noise=1 / scene.protocol.snr, rng=rng)
    return {
        'truth': [_counts(number, scene)],
        'noise': [_counts(number, scene, noise) for _ in range(READINGS)],
        'stricter': [_counts(number, scene, lambda contrast: 1 / (1 + TENTH))],
        'more lenient': [_counts(number, scene, lambda contrast: 1 / (1 - TENTH))],
    }


def _counts(number: int, scene: Scene, *reader) -> list[int]:
    found = scene.visible(**dict(zip(['misjudged'], reader, strict=False)))
    # The images themselves are not looked at.
    return [sample.count for sample in six_images(number, scene, scene.tissue, found)]


def compared(people: list[dict[str, list[list[int]]]], reader: str) -> dict:
    """Return a reader's errors over all people and readings."""
    pairs = [(read, one['truth'][0]) for one in people for read in one[reader]]
    counts, true = (np.array(part, float) for part in zip(*pairs, strict=True))
    right = [person_grade(a) == person_grade(b) for a, b in zip(counts, true, strict=True)]
    return {
        'mae': round(float(np.mean(np.abs(counts - true))), 2),
        'bias': round(float(np.mean(counts - true)), 2),
        'image_accuracy': round(float(np.mean(potter_grade(counts) == potter_grade(true))), 4),
        'participant_accuracy': round(float(np.mean(right)), 4),
    }


def main() -> None:
    """Let all readers read, and write how well they did."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('target', type=Path)
    parser.add_argument('--anatomies', type=Path, help='label maps of the simulated people')
    parser.add_argument('--people', type=int, default=76)
    parser.add_argument('--seed', type=int, default=7001)
    parser.add_argument('--n-cpus', type=int, default=2)
    args = parser.parse_args()
    begin = time.monotonic()
    maps = tuple(find_label_maps(args.anatomies)) if args.anatomies else ()
    one = partial(readings, seed=args.seed, anatomies=maps)
    people = list(each_person(one, range(1, args.people + 1), args.n_cpus))
    words = ['python', 'benchmarks/readers.py', args.target.name]
    words += ['--anatomies', args.anatomies.name] if args.anatomies else []
    words += ['--people', str(args.people), '--seed', str(args.seed)]
    record = {
        'command': shlex.join(words),
        'seed': args.seed,
        'participants': args.people,
        'readings_with_noise': READINGS,
        'readers': {name: compared(people, name) for name in people[0] if name != 'truth'},
        'seconds': round(time.monotonic() - begin),
    }
    write_json(args.target, record)
    print(json.dumps(record, indent=2))


if __name__ == '__main__':
    main()
