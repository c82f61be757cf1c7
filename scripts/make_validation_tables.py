"""Fill the tables of the pages in docs from the JSON behind them.

Usage: python scripts/make_validation_tables.py [--validation DIR] [--bundle DIR] [PAGE ...]

Between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` of a page stands what this script makes
of ``NAME``, so that no measured number is typed by hand. What has no JSON file yet says so.
"""

import argparse
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from anatomy_blocks import (
    nuclei,
    registration_failures,
    registration_good,
    registration_overlap,
    registration_rigid,
    registration_speed,
)
from scale_blocks import faults, hostile, memory, scale, throughput
from validation_blocks import (
    TITLES,
    Results,
    contrast_rows,
    counting,
    icc,
    implants,
    made_by,
    number,
    percent,
    readers,
    real,
    shifts,
    speed,
    table,
)
from validation_targets import targets

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    ROOT / 'docs' / f'{name}.md' for name in ('validation', 'model_card', 'training', 'simulator')
)
BLOCK = re.compile(r'(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->)', re.DOTALL)
MISSING = '*Not measured yet.*\n'
RULES = {
    'components_at_half': 'plain components at half evidence',
    'candidates': 'all candidates',
    'instances': 'instances',
}


def crossval(results: Results) -> str:
    """Show the paper's tables 3 and 4 of our cross-validation."""
    record = results['crossval']
    rows = []
    for method, rois in record['counting'].items():
        for roi, title in (('true_roi', 'true'), ('roi_errors', 'with errors')):
            images, people = rois[roi]['images'], rois[roi]['participants']
            rows.append(
                [
                    TITLES[method],
                    title,
                    number(images['mae'], 2),
                    _more(record.get('mae_over_deep', {}).get(method, {}).get(roi)),
                    f'{percent(images["accuracy"])} / {percent(people["accuracy"])}',
                    icc(images['icc']),
                    icc(people['icc']),
                    number(images['kappa'], 3),
                ]
            )
    header = ['enhancement', 'ROI', 'MAE', '… over that of deep', 'grade right, image / person']
    header += ['ICC(2,1) images', 'ICC(2,1) people', 'weighted κ']
    parts = [made_by(results, 'crossval'), contrast_rows(record['contrast']), '']
    return '\n'.join([*parts, table(header, rows)])


def _more(difference: dict | None) -> str:
    if difference is None:
        return '–'
    return '{value:+.2f} ({low:+.2f} to {high:+.2f})'.format(**difference)


def evidence(results: Results) -> str:
    """Show how the instances agree with the count and the truth."""
    record, rows = results['evidence'], []
    for name, part in record['datasets'].items():
        for rule, title in RULES.items():
            found = part[rule]
            count, truth = found['to_count'], found['to_truth']
            rows.append(
                [
                    f'{part["n_images"]} `{name}`',
                    title,
                    f'{number(count["mae"])} / {number(count["icc"], 2)}',
                    ' / '.join(map(number, (truth['mae'], truth['bias'])))
                    + f' / {number(truth["icc"], 2)}',
                    percent(found['precision']),
                    percent(found['recall']),
                ]
            )
    header = ['images', 'rule', 'to the count: MAE / ICC', 'to the truth: MAE / bias / ICC']
    fewer = ', '.join(
        f'{part["images_with_fewer_instances_than_count"]} of the {part["n_images"]} `{name}`'
        for name, part in record['datasets'].items()
    )
    told = f'Images with fewer instances than the count says: {fewer}.'
    shown = table([*header, 'are true', 'are found'], rows)
    return '\n'.join([made_by(results, 'evidence'), shown, '', told])


def roi(results: Results) -> str:
    """Show the Dice coefficients of the ROI."""
    record = results['roi']
    rows = [
        [session, *(number(value, 3) for value in part.values())]
        for session, part in record['dice'].items()
    ]
    names = list(next(iter(record['dice'].values())))
    return made_by(results, 'roi') + '\n' + table(['session', *names], rows)


def sessions(results: Results) -> str:
    """Show time and memory of the participant level."""
    record = results['sessions']
    rows = [
        [name, part['wall_s'], part['cpu_s'], part['peak_memory_gb']]
        for name, part in record['sessions'].items()
    ]
    header = ['session', 'wall time (s)', 'CPU time (s)', 'peak memory (GB)']
    machine = f'On {record["machine"]["cores"]} cores, {record["machine"]["memory_gb"]} GB.\n'
    return '\n'.join([made_by(results, 'sessions'), machine, table(header, rows)])


def group(results: Results) -> str:
    """Show time, memory and page size of the group level."""
    record = results['group']
    row = [record[name] for name in ('participants', 't2w', 'wall_s', 'cpu_s')]
    row += [record['peak_memory_gb'], record['page_mb']]
    header = ['participants', 'T2w', 'wall time (s)', 'CPU time (s)', 'peak memory (GB)']
    machine = f'On {record["machine"]["cores"]} cores, {record["machine"]["memory_gb"]} GB.\n'
    shown = table([*header, 'page (MB)'], [row])
    return '\n'.join([made_by(results, 'group'), machine, shown])


def card(results: Results) -> str:
    """Show what the bundle says of itself."""
    ours = results.card
    nets = {name: ours['architecture'][name] for name in ('enhancer', 'counter')}
    told = {
        name: ', '.join(f'{key.replace("_", " ")} {value}' for key, value in net.items())
        for name, net in nets.items()
    }
    rows = [
        ['name and version', f'{ours["name"]} {ours["version"]}'],
        ['checksum of the card (SHA-256)', f'`{results.sha256}`'],
        *([f'checksum of `{name}`', f'`{value}`'] for name, value in ours['checksums'].items()),
        ['licence', ours['licence']],
        ['intended use', ours['intended_use']],
        ['limits', f'**{ours["limitations"]}**'],
        *([name, text] for name, text in told.items()),
        ['made with', ', '.join(f'{name} {value}' for name, value in ours['versions'].items())],
    ]
    return table(['', ''], rows)


def training(results: Results) -> str:
    """Show what the cascade learned from, and how."""
    ours = results.card['training']
    data = ours['data']
    rows = [['data', data.get('Name', '–')]]
    named = [name for name in ('anatomies', 'backgrounds') if name in data]
    rows += [
        *([n, f'{len(data[n])}: ' + ', '.join(f'`{file}`' for file in data[n])] for n in named),
        ['participants, images', f'{ours["participants"]}, {ours["images"]}'],
        ['seed', ours['seed']],
        ['epochs', ', '.join(f'{name} {n}' for name, n in ours['epochs'].items())],
        ['time', f'{ours["seconds"] / 60:.0f} min on {ours["threads"]} threads'],
    ]
    if start := ours.get('started_from'):
        rows.append(['started from', f'{start["model"]}, `{start["model_sha256"][:12]}`'])
    return '\n'.join([f'```\n{ours["command"]}\n```\n', table(['', ''], rows)])


def recipe(results: Results) -> str:
    """Show what each part of the counter's recipe brings."""
    record = results['counting']
    rows = [
        [
            name,
            number(found['mae']),
            percent(found['image_accuracy']),
            f'{found["gain"]["cnr"]:.1f} × / {found["gain"]["cnr_tissue"]:.1f} ×',
            ', '.join(number(value) for value in found['mae_by_epoch']),
        ]
        for name, found in record['recipes'].items()
    ]
    header = ['recipe', 'MAE', 'images right', 'CNR gain, grain / tissue', 'MAE after each epoch']
    learning, testing = record['images']
    text = f'{learning} images of {record["people"][0]} simulated people to learn from, '
    text += f'{testing} of {record["people"][1]} others to test on.\n'
    return '\n'.join([made_by(results, 'counting'), text, table(header, rows)])


def realism(results: Results) -> str:
    """Show statistics of real and simulated scans."""
    record = results['realism']
    sizes = record['number']
    rows = [
        [
            name,
            *(f'{v["median"]:.3g} ({v["low"]:.3g} to {v["high"]:.3g})' for v in groups.values()),
        ]
        for name, groups in record['statistics'].items()
    ]
    header = ['in the ROI, without ePVS', *(f'{group}: {n}' for group, n in sizes.items())]
    return table(header, rows)


BLOCKS: dict[str, Callable[[Results], str]] = {
    'targets': targets,
    'paper': partial(counting, name='paper'),
    'readers': readers,
    'varied': partial(counting, name='varied'),
    'shifts': shifts,
    'real': real,
    'implants': implants,
    'speed': speed,
    'crossval': crossval,
    'evidence': evidence,
    'roi': roi,
    'sessions': sessions,
    'group': group,
    'scale': scale,
    'hostile': hostile,
    'throughput': throughput,
    'memory': memory,
    'faults': faults,
    'nuclei': nuclei,
    'registration_speed': registration_speed,
    'registration_overlap': registration_overlap,
    'registration_rigid': registration_rigid,
    'registration_failures': registration_failures,
    'registration_good': registration_good,
    'card': card,
    'training': training,
    'recipe': recipe,
    'realism': realism,
}


def filled(text: str, results: Results) -> str:
    """Return a page with its blocks made anew."""

    def fill(match: re.Match) -> str:
        try:
            made = BLOCKS[match[2]](results) + '\n'
        except FileNotFoundError:
            made = MISSING
        return match[1] + made + match[3]

    return BLOCK.sub(fill, text)


def main() -> None:
    """Fill all pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pages', nargs='*', type=Path, default=PAGES)
    parser.add_argument('--validation', type=Path, default=ROOT / 'docs' / 'validation')
    bundle = ROOT / 'pvs_workflow' / 'data' / 'cascade'
    parser.add_argument('--bundle', type=Path, default=bundle)
    args = parser.parse_args()
    for page in args.pages:
        results = Results(args.validation, args.bundle)
        page.write_text(filled(page.read_text('utf-8'), results), 'utf-8')


if __name__ == '__main__':
    main()
