"""Time, memory and page size of the group level.

Usage: python benchmarks/group.py [--participants N] [--seed N] [--keep DIR] [--out FILE]

Makes the derivatives of simulated participants as far as the group level reads them (tables and
sidecars, no images), with a participants.tsv, and runs the installed command on them. Memory is
the sum over the process tree of the proportional set size, sampled four times a second.
"""

import argparse
import json
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from resources import machine, measure

from pvs_workflow import __version__
from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.files import write_json
from pvs_workflow.science.grading import UPPER_COUNTS
from pvs_workflow.science.slices import View

SCANNERS = (
    ('Siemens', 'Prisma', 3, 'North'),
    ('Siemens', 'Aera', 1.5, 'North'),
    ('Philips', 'Achieva', 3, 'South'),
    ('GE', 'Discovery MR750', 3, 'East'),
)
REASONS = ('the template fits poorly', 'left and right ROI differ in volume')
AGE_EFFECT, PATIENT_EFFECT = 0.35, 0.4
"""Of ten years, and of being a patient, on the logarithm of the expected count."""

VIEWS = [View(side, 12 + rank, rank + 1, (1.0, 1.0)) for side in 'LR' for rank in range(3)]
PACKAGES = ('pandas', 'numpy', 'scipy', 'statsmodels', 'matplotlib', 'jinja2')


@dataclass(frozen=True)
class Person:
    """A simulated participant."""

    label: str
    age: float
    sex: str
    group: str
    scanner: tuple
    burden: float


def draw_people(number: int, rng: np.random.Generator) -> list[Person]:
    """Draw people whose counts rise with age and in patients."""
    people = []
    for place in range(number):
        age, patient = rng.normal(66, 9), rng.random() < 0.4
        log = 1.9 + AGE_EFFECT * (age - 66) / 10 + PATIENT_EFFECT * patient + rng.normal(0, 0.6)
        people.append(
            Person(
                f'{place + 1:05d}',
                round(float(np.clip(age, 35, 95)), 1),
                'FM'[int(rng.random() < 0.5)],
                'patient' if patient else 'control',
                SCANNERS[rng.choice(len(SCANNERS), p=[0.4, 0.1, 0.3, 0.2])],
                float(np.exp(log)),
            )
        )
    return people


def save_person(folder: Path, person: Person, rng: np.random.Generator) -> int:
    """Write a person's results, one in five people with two sessions; return how many."""
    sessions = ('01', '02') if rng.random() < 0.2 else (None,)
    true = rng.gamma(6, person.burden / 6, 6)
    for session in sessions:
        stem = f'sub-{person.label}' + (f'_ses-{session}' if session else '')
        inside = Path(f'sub-{person.label}', f'ses-{session}' if session else '', 'anat')
        _save_scan(folder / inside, stem, inside, session, person, true, rng)
        true = true * rng.lognormal(0.05, 0.1, 6)
    return len(sessions)


def _save_scan(anat, stem, inside, session, person, true, rng) -> None:
    counts = np.clip(true + rng.normal(0, 0.6 + 0.08 * true), 0, None)
    reach = rng.uniform(1.2, 2.5, 6) * (1 + 0.12 * counts)
    qc = rng.choice(['pass', 'review', 'fail'], p=[0.93, 0.06, 0.01])
    table = count_table(
        VIEWS,
        [view.slice_index for view in VIEWS],
        counts,
        np.minimum(counts, np.floor(np.clip(counts - reach, 0, None))),
        np.maximum(counts, np.ceil(counts + reach)),
        np.floor(counts).astype(int),
        rng.normal(750, 60, 6),
        ['pass'] * 6,
    )
    top = table['count'].to_numpy().argmax()
    spread = (table['count_high'][top] - table['count_low'][top]) / 3.29
    from scipy.stats import norm

    ends = norm.cdf(np.add(UPPER_COUNTS, 0.5), table['count'][top], spread)
    grade = grade_table(
        participant=person.label,
        session=session,
        t2w=(inside / f'{stem}_T2w.nii.gz').as_posix(),
        counts=table,
        probabilities=np.diff(ends, prepend=0, append=1),
        qc=qc,
        reasons=[] if qc == 'pass' else [str(rng.choice(REASONS))],
        model='pvs_workflow cascade 0.5',
        model_sha256='a6' * 32,
    )
    sources = [f'bids:raw:{(inside / stem).as_posix()}_T2w.nii.gz']
    write_table(table, anat / f'{stem}_desc-epvs_counts.tsv', 'epvs_counts', sources)
    write_table(grade, anat / f'{stem}_desc-potter_grade.tsv', 'potter_grade', sources)
    maker, model, field, institution = person.scanner
    facts = {
        'Sources': sources,
        'SkullStripped': False,
        'Manufacturer': maker,
        'ManufacturersModelName': model,
        'MagneticFieldStrength': field,
        'InstitutionName': institution,
        'VoxelSize': [0.573, 0.573, 5.0 if field == 3 else 4.0],
    }
    write_json(anat / f'{stem}_desc-preproc_T2w.json', facts)


def make_cohort(raw: Path, out: Path, number: int, seed: int) -> int:
    """Write participants.tsv to ``raw`` and derivatives to ``out``; return the number of T2w."""
    rng = np.random.default_rng(seed)
    people = draw_people(number, rng)
    raw.mkdir(parents=True, exist_ok=True)
    lines = ['participant_id\tage\tsex\tgroup\tsite']
    lines += [f'sub-{p.label}\t{p.age}\t{p.sex}\t{p.group}\t{p.scanner[-1]}' for p in people]
    (raw / 'participants.tsv').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    scans = 0
    for person in people:
        scans += save_person(out, person, rng)
        (out / f'sub-{person.label}.html').touch()
    return scans


def main() -> None:
    """Make the cohort, run the group level, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--participants', type=int, default=5000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', type=Path, help='folder to make the cohort in, and to keep')
    parser.add_argument('--out', type=Path, default=Path('docs/validation/group.json'))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        raw, out = folder / 'raw', folder / 'derivatives'
        scans = make_cohort(raw, out, arguments.participants, arguments.seed)
        command = [
            str(Path(sys.executable).with_name('pvs_workflow')),
            str(raw),
            str(out),
            'group',
        ]
        cost = measure(command, log=folder / 'group.log')
        page = (out / 'group_potter.html').stat().st_size
    result = {
        'command': f'python benchmarks/group.py --participants {arguments.participants} '
        f'--seed {arguments.seed}',
        'seed': arguments.seed,
        'version': __version__,
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        'machine': machine(),
        'participants': arguments.participants,
        't2w': scans,
        **cost,
        'page_mb': round(page / 1e6, 2),
    }
    print(json.dumps(result, indent=2))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + '\n')


if __name__ == '__main__':
    main()
