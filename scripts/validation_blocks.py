"""What docs/validation.md shows of benchmarks/validation.py: Markdown from its JSON files."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest

ROIS = {'true_roi': 'the true one', 'roi_errors': "with errors like registration's"}
FACTORS = {
    'pixel': 'pixel (mm)',
    'thickness': 'slices (mm)',
    'snr': 'signal-to-noise ratio',
    'lacunes': 'lacunes',
}
TITLES = {'none': 'none', 'tophat': 'top-hat', 'clahe': 'CLAHE', 'laplacian': 'Laplacian'}
TITLES |= {'frangi': 'Frangi', 'deep': 'deep'}


class Results(dict):
    """The JSON files of a folder by their names, read when asked for."""

    def __init__(self, folder: Path, bundle: Path):
        super().__init__()
        self.folder = folder
        text = (bundle / 'card.json').read_bytes()
        self.card = json.loads(text)
        self.sha256 = hashlib.sha256(text).hexdigest()

    def __missing__(self, name: str) -> dict:
        self[name] = json.loads((self.folder / f'{name}.json').read_text('utf-8'))
        return self[name]

    def of_this_model(self, record: dict) -> bool:
        """Tell whether a record is of the weights that ship."""
        before = self.card['training'].get('converted_from', {}).get('model_sha256')
        ours = record.get('weights') == self.card['checksums']
        return ours or record.get('model_sha256') in (self.sha256, before)


def table(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """Return a Markdown table.

    Examples
    --------
    >>> print(table(['a', 'b'], [[1, 'x']]))
    | a | b |
    |---|---|
    | 1 | x |

    """
    lines = [header, None, *rows]
    return '\n'.join(
        '|' + '---|' * len(header) if line is None else '| ' + ' | '.join(map(str, line)) + ' |'
        for line in lines
    )


def percent(value: float | None) -> str:
    """Return a share in per cent; a dash for None."""
    return '–' if value is None else f'{100 * value:.0f}%'


def share(value: float, n: int) -> str:
    """Return a share of n in per cent, with its exact 95 % interval (Clopper & Pearson 1934).

    Examples
    --------
    >>> share(0.9, 100)
    '90% (82–95)'

    """
    ends = binomtest(round(value * n), n).proportion_ci()
    return f'{percent(value)} ({100 * ends.low:.0f}–{100 * ends.high:.0f})'


def number(value: float | None, digits: int = 1) -> str:
    """Return a number; a dash for None."""
    return '–' if value is None else f'{value:.{digits}f}'


def icc(value: dict) -> str:
    """Return an ICC and its interval; a dash where it is not defined."""
    if None in value.values():
        return '–'
    return f'{number(value["value"], 3)} ({number(value["low"], 2)}–{number(value["high"], 2)})'


def made_by(results: Results, name: str) -> str:
    """Return the command behind a file, and say so where another model was measured."""
    record = results[name]
    lines = [f'```\n{record["command"]}\n```\n']
    if 'model_sha256' in record:
        other = '' if results.of_this_model(record) else ', **not the one that ships**'
        seed = f', seed {record["seed"]}' if 'seed' in record else ''
        took = f', {record["seconds"]} s' if 'seconds' in record else ''
        model = f'{record["model"]}, `{record["model_sha256"][:12]}`{other}'
        lines.append(f'`validation/{name}.json`: {model}{seed}{took}.\n')
    return '\n'.join(lines)


def counting(results: Results, name: str) -> str:
    """Show everything about one set of simulated people."""
    record = results[name]
    general, grades = [], []
    for roi, title in ROIS.items():
        part = record[roi]
        images, people = part['images'], part['participants']
        limits = images['limits']
        general.append(
            [
                title,
                f'{number(part["mae"], 2)} ({number(part["bias"], 2)})',
                f'{percent(part["image_accuracy"])} / '
                + share(part['participant_accuracy'], part['n_participants']),
                icc(images['icc']),
                icc(people['icc']),
                f'{number(images["kappa"], 3)} / {number(people["kappa"], 3)}',
                f'{number(limits["low"])} to {number(limits["high"])}',
                percent(part['interval_coverage']),
                number(part['mean_interval_width']),
                number(part['reliability']['calibration_error'], 3),
                percent(part['unfamiliar']),
            ]
        )
        for key, what, show in (
            ('mae_by_grade', 'MAE', lambda v: number(v, 2)),
            ('coverage_by_grade', '90 % intervals hold', percent),
        ):
            grades.append([title, what, *map(show, part[key])])
    sizes = [sum(row) for row in record['true_roi']['images']['confusion']]
    header = ['ROI', 'MAE (bias)', 'grade right, image / person', 'ICC(2,1) images']
    header += ['ICC(2,1) people', 'weighted κ, images / people', 'limits of agreement']
    header += ['90 % intervals hold', 'their width', 'calibration error of grades', 'unfamiliar']
    people = f'{record["true_roi"]["n_participants"]} people'
    contrast = record['contrast']
    lines = [
        made_by(results, name),
        f'{people}, {record["true_roi"]["n_images"]} images.\n',
        table(header, general),
        '',
        table(
            ['ROI', '', *(f'grade {g} ({n} images)' for g, n in enumerate(sizes))],
            grades,
        ),
        '',
        contrast_rows({method: contrast[method] for method in ('none', 'deep')}),
        '',
        f'Gain, deep over none: {number(contrast["gain"]["cnr"])} × (grain), '
        f'{number(contrast["gain"]["cnr_tissue"])} × (tissue), {contrast["n_images"]} images.',
        '',
        f'![Agreement](validation/{name}.png)',
        f'![Reliability](validation/{name}_reliability.png)',
    ]
    return '\n'.join(lines)


def readers(results: Results) -> str:
    """Show how well those could count who err in nothing but how bright an ePVS looks."""
    record = results['readers']
    rows = [
        [name, number(found['mae'], 2), number(found['bias'], 2)]
        + [percent(found[f'{kind}_accuracy']) for kind in ('image', 'participant')]
        for name, found in record['readers'].items()
    ]
    header = ['reader', 'MAE', 'bias', 'images right', 'people right']
    people = f'{record["participants"]} people.\n'
    return '\n'.join([made_by(results, 'readers'), people, table(header, rows)])


def contrast_rows(methods: dict) -> str:
    """Show contrast-to-noise ratios."""
    rows = [
        [TITLES[method]]
        + [f'{number(part[n]["mean"])} ± {number(part[n]["sd"])}' for n in ('cnr', 'cnr_tissue')]
        for method, part in methods.items()
    ]
    return table(['enhancement', 'CNR, grain', 'CNR, tissue'], rows)


def shifts(results: Results) -> str:
    """Show what each change of the acquisition does."""
    record = results['shifts']
    rows = [
        [
            f'{FACTORS[factor]} {level["level"]:g}',
            number(level['mean_truth']),
            *(f'{number(p["mae"], 2)} ({number(p["bias"], 2)})' for p in parts),
            *(percent(p['image_accuracy']) for p in parts),
            *(percent(p['interval_coverage']) for p in parts),
            percent(parts[1]['unfamiliar']),
        ]
        for factor, levels in record['factors'].items()
        for level in levels
        for parts in [[level[roi] for roi in ROIS]]
    ]
    header = ['', 'true count', 'MAE (bias)', '… ROI errors', 'image grade right']
    header += ['… ROI errors', '90 % intervals hold', '… ROI errors', 'unfamiliar']
    people = f'The same {record["participants"]} people in every row, six images of each.\n'
    figure = '![Shifts](validation/shifts.png)'
    return '\n'.join([made_by(results, 'shifts'), people, table(header, rows), '', figure])


def real(results: Results) -> str:
    """Show what is counted in real scans."""
    record = results['real']
    known = ', '.join(f'sub-{person}' for person in record.get('bundle_knows', []))
    told = f'Scans that it was trained on, with their bright spots taken out: {known or "none"}.'
    parts = [made_by(results, 'real'), told, '', as_they_are(record)]
    return '\n'.join([*parts, '', '![Real scans](validation/real.png)'])


def as_they_are(record: dict) -> str:
    """Show counts of real scans, and how those of a person differ."""
    rows = [
        [
            s['participant'],
            s['session'] or '–',
            ', '.join(number(c) for c in s['counts']),
            ', '.join(
                f'{low:.0f}–{high:.0f}' for low, high in zip(s['low'], s['high'], strict=True)
            ),
            s['grade'],
            f'{s["unfamiliar"]} of {len(s["counts"])}',
        ]
        for s in record['sessions']
    ]
    again = record['scan_rescan']
    pairs = [
        [
            p['participant'],
            ' → '.join(p['sessions']),
            ', '.join(f'{d:+.1f}' for d in p['differences']),
            f'{p["difference_max"]:+.1f}',
            'yes' if p['same_grade'] else 'no',
        ]
        for p in again['pairs']
    ]
    header = ['person', 'session', 'counts of the six images', 'intervals', 'grade']
    told = (
        f'Same grade in {again["same_grade"]} of {again["n_pairs"]} pairs; mean absolute '
        f'difference of an image {number(again["mean_absolute_difference"], 2)}, within-image '
        f'standard deviation {number(again["sd_within"], 2)}.'
    )
    second = table(['person', 'sessions', 'differences', 'of the highest', 'same grade'], pairs)
    return '\n'.join([table([*header, 'unfamiliar images'], rows), '', second, '', told])


def implants(results: Results) -> str:
    """Show leave-one-person-out on real backgrounds."""
    record = results['implants']
    rows = []
    for model, title in (('held_out', 'has not seen the person'), ('bundle', 'ships')):
        for roi, kind in ROIS.items():
            part = record[model][roi]
            images, people = part['images'], part['participants']
            rows.append(
                [
                    title,
                    kind,
                    number(images['mae'], 2),
                    percent(images['accuracy']),
                    percent(people['accuracy']),
                    icc(images['icc']),
                    percent(part['interval_coverage']),
                ]
            )
    header = ['cascade', 'ROI', 'MAE', 'image grade right', 'person grade right']
    header += ['ICC(2,1) images', '90 % intervals hold']
    seen = (
        f'The cascade that the training started from knows scans of {len(record["start_knows"])} '
        'of these people: **for them this is no held-out test.**\n'
        if record['start_knows']
        else ''
    )
    knows = f'The cascade that ships has seen {len(record["bundle_knows"])} of these people.\n'
    told = 'Their scans as they are, counted by the cascade that has not seen the person:\n'
    parts = [made_by(results, 'implants'), seen + knows, table(header, rows), '']
    parts += ['![Implants](validation/implants.png)', '', told]
    return '\n'.join([*parts, as_they_are(record['as_they_are'])])


def speed(results: Results) -> str:
    """Show time and memory of six images."""
    rows = [
        [
            run['threads'],
            f'{run["median_s"]:.3f}',
            f'{run["worst_s"]:.3f}',
            run['first_s'],
            run['peak_memory_gb'],
        ]
        for run in results['speed']['runs']
    ]
    header = ['threads', 'median (s)', 'slowest (s)', 'first, with loading (s)', 'memory (GB)']
    return made_by(results, 'speed') + '\n' + table(header, rows)
