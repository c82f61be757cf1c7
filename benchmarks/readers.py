"""Measure the errors of ideal readers, who know each ePVS and misjudge only its contrast.

An ePVS counts if its contrast exceeds a threshold (the visibility rule); for faint ePVS, noise
makes this uncertain. Each reader applies the rule to the perceived contrasts; the resulting counts
and grades are compared with the truth. Readers:

noise     fits the contrast to the noisy image by least squares, with the position and exact shape
          of each ePVS known. No unbiased estimate has a smaller variance (Cramér–Rao), and no
          cascade knows as much.
stricter, more lenient
          perceive the true contrast, but use a threshold one tenth higher or lower.

With the same seed, the people are those of ``python -m benchmarks.validation --parts paper``.
"""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness import command, command_line, write_record
from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.training.heldout import person_scenes, six_images
from pvs_workflow.science.grading import person_grade, potter_grade

READINGS = 5
"""Readings of each person by the noise reader, with new noise each time."""
THRESHOLD_CHANGE = 0.1
"""Relative change of the threshold of the stricter and the more lenient reader."""


def noisy_amplitude(contrast: np.ndarray, noise: float, rng: np.random.Generator) -> float:
    """Return the fitted amplitude of a known shape in white noise; the true one is 1.

    Its standard deviation is that of the noise over the root of the shape's sum of squares.
    """
    power = np.sqrt(np.sum(np.square(contrast, dtype=float)))
    return 1 + rng.normal() * noise / power if power else 1.0


def readings(number: int, seed: int, anatomies: tuple[Path, ...]) -> dict[str, list[list[int]]]:
    """Return the true counts of a person's six images and those of each reader, by name."""
    ((rng, scene),) = person_scenes(number, seed, 'paper', anatomies)
    noise = partial(noisy_amplitude, noise=1 / scene.protocol.snr, rng=rng)
    return {
        'truth': [_counts(number, scene)],
        'noise': [_counts(number, scene, perception=noise) for _ in range(READINGS)],
        'stricter': [
            _counts(number, scene, perception=lambda contrast: 1 / (1 + THRESHOLD_CHANGE))
        ],
        'more lenient': [
            _counts(number, scene, perception=lambda contrast: 1 / (1 - THRESHOLD_CHANGE))
        ],
    }


def _counts(number: int, scene: Scene, **reader) -> list[int]:
    # The images themselves are not used.
    return [s.count for s in six_images(number, scene, scene.tissue, scene.visible(**reader))]


def reader_errors(people: list[dict[str, list[list[int]]]], reader: str) -> dict:
    """Return a reader's errors over all people and readings."""
    pairs = [(counts, one['truth'][0]) for one in people for counts in one[reader]]
    counts, true = (np.array(part, float) for part in zip(*pairs, strict=True))
    correct = [person_grade(a) == person_grade(b) for a, b in zip(counts, true, strict=True)]
    return {
        'mae': round(float(np.mean(np.abs(counts - true))), 2),
        'bias': round(float(np.mean(counts - true)), 2),
        'image_accuracy': round(float(np.mean(potter_grade(counts) == potter_grade(true))), 4),
        'participant_accuracy': round(float(np.mean(correct)), 4),
    }


def main() -> None:
    """Simulate all readers and write their errors."""
    parser = command_line(__doc__)
    parser.add_argument('out', type=Path, metavar='FILE')
    parser.add_argument('--anatomies', type=Path, help='label maps of the simulated people')
    parser.add_argument('--people', type=int, default=76)
    parser.add_argument('--seed', type=int, default=7001)
    parser.add_argument('--n-cpus', type=int, default=2)
    args = parser.parse_args()
    maps = tuple(find_label_maps(args.anatomies)) if args.anatomies else ()
    read_person = partial(readings, seed=args.seed, anatomies=maps)
    people = list(parallel_map(read_person, range(1, args.people + 1), args.n_cpus))
    results = {
        'participants': args.people,
        'readings_with_noise': READINGS,
        'readers': {name: reader_errors(people, name) for name in people[0] if name != 'truth'},
    }
    repeat = command('readers', args, 'out', '--anatomies', '--people', '--seed')
    write_record(args.out, repeat, results, args.seed)


if __name__ == '__main__':
    main()
