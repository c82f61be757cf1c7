"""Measure time, memory and page size of the group level.

The installed command is run on derivatives of simulated participants, with a participants.tsv.
These derivatives contain only the files that the group level reads: tables and sidecars. Memory
is the sum over the process tree of the proportional set size, sampled four times a second.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import norm

from benchmarks.harness import APP, command, command_line, write_record
from benchmarks.resources import measure
from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.tables import write_json, write_table
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
"""Effects of ten years and of being a patient on the logarithm of the expected count."""
VIEWS = [View(side, 12 + rank, rank + 1, (1.0, 1.0)) for side in 'LR' for rank in range(3)]


def make_cohort(raw: Path, out: Path, number: int, seed: int) -> int:
    """Write participants.tsv to ``raw`` and derivatives to ``out``; return the number of T2w.

    Counts rise with age and in patients.
    """
    rng = np.random.default_rng(seed)
    raw.mkdir(parents=True, exist_ok=True)
    lines, people = ['participant_id\tage\tsex\tgroup\tsite'], []
    for person in range(1, number + 1):
        age, patient = rng.normal(66, 9), rng.random() < 0.4
        log = 1.9 + AGE_EFFECT * (age - 66) / 10 + PATIENT_EFFECT * patient + rng.normal(0, 0.6)
        sex, group = 'FM'[int(rng.random() < 0.5)], 'patient' if patient else 'control'
        scanner = SCANNERS[rng.choice(len(SCANNERS), p=[0.4, 0.1, 0.3, 0.2])]
        age = np.clip(age, 35, 95)
        lines.append(f'sub-{person:05d}\t{age:.1f}\t{sex}\t{group}\t{scanner[-1]}')
        people.append((f'{person:05d}', scanner, float(np.exp(log))))
    (raw / 'participants.tsv').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    scans = 0
    for person in people:
        scans += _save_person(out, *person, rng)
        (out / f'sub-{person[0]}.html').touch()
    return scans


def _save_person(folder: Path, label: str, scanner, burden: float, rng) -> int:
    """Write a person's one session, or two for one person in five; return their number."""
    sessions = ('01', '02') if rng.random() < 0.2 else (None,)
    true = rng.gamma(6, burden / 6, 6)
    for session in sessions:
        stem = f'sub-{label}' + (f'_ses-{session}' if session else '')
        inside = Path(f'sub-{label}', f'ses-{session}' if session else '', 'anat')
        _save_scan(folder / inside / stem, inside, label, session, scanner, true, rng)
        true = true * rng.lognormal(0.05, 0.1, 6)
    return len(sessions)


def _save_scan(stem: Path, inside: Path, label, session, scanner, true, rng) -> None:
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
    ends = norm.cdf(np.add(UPPER_COUNTS, 0.5), table['count'][top], spread)
    t2w = (inside / f'{stem.name}_T2w.nii.gz').as_posix()
    grade = grade_table(
        participant=label,
        session=session,
        t2w=t2w,
        counts=table,
        probabilities=np.diff(ends, prepend=0, append=1),
        qc=qc,
        reasons=[] if qc == 'pass' else [str(rng.choice(REASONS))],
        model='pvs_workflow cascade 0.5',
        model_sha256='a6' * 32,
    )
    sources = [f'bids:raw:{t2w}']
    for frame, name in ((table, 'epvs_counts'), (grade, 'potter_grade')):
        write_table(frame, stem.with_name(f'{stem.name}_desc-{name}.tsv'), name, sources)
    maker, model, field, institution = scanner
    facts = {
        'Sources': sources,
        'SkullStripped': False,
        'Manufacturer': maker,
        'ManufacturersModelName': model,
        'MagneticFieldStrength': field,
        'InstitutionName': institution,
        'VoxelSize': [0.573, 0.573, 5.0 if field == 3 else 4.0],
    }
    write_json(stem.with_name(f'{stem.name}_desc-preproc_T2w.json'), facts)


def run_group(folder: Path, number: int, seed: int) -> dict:
    """Make a cohort in a folder, run the group level on it, and return the cost."""
    raw, out = folder / 'raw', folder / 'derivatives'
    shutil.rmtree(out, ignore_errors=True)
    scans = make_cohort(raw, out, number, seed)
    cost = measure([APP, str(raw), str(out), 'group'], log=folder / 'group.log')
    page = (out / 'group_potter.html').stat().st_size
    return {'participants': number, 't2w': scans, **cost, 'page_mb': round(page / 1e6, 2)}


def main() -> None:
    """Make the cohort, run the group level, and write the record."""
    parser = command_line(__doc__, 'group.json')
    parser.add_argument('--participants', type=int, default=5000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', type=Path, help='folder for the cohort, not deleted')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        record = run_group((args.keep or Path(temporary)).resolve(), args.participants, args.seed)
    repeat = command('group', args, '--participants', '--seed')
    write_record(args.out, repeat, record, args.seed)


if __name__ == '__main__':
    main()
