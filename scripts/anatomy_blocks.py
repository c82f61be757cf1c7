"""What `make_validation_tables.py` shows of the anatomical half beside stock ANTs."""

import json

from validation_blocks import Results, made_by, number, table

from pvs_workflow import data

COSTS = {'wall_s': 'wall time (s)', 'cpu_s': 'CPU time (s)', 'peak_memory_gb': 'peak memory (GB)'}
KEYS = (('median', '{}'), ('worst', '({})'))
SHOWN = {
    'roi': 'whole ROI',
    'caudate': 'caudate',
    'putamen': 'putamen',
    'pallidum': 'pallidum',
    'accumbens': 'accumbens',
}


def nuclei(results: Results) -> str:
    """Show how the nuclei network was made, and its overlap on other label maps."""
    record = json.loads(data.path('nuclei', 'nuclei.json').read_text('utf-8'))
    last = record['history'][-1]
    shown = table(list(last['dice']), [[number(value, 3) for value in last['dice'].values()]])
    about = (
        f'Learned from {len(record["anatomies"])} label maps in {last["step"]} steps and '
        f'{record["seconds"] // 60} minutes on two cores, beside other work; median Dice on '
        f'{len(record["held"])} others, under random contrasts that need not part all nuclei:'
    )
    return f'```\n{record["command"]}\n```\n\n{about}\n\n{shown}'


def registration_speed(results: Results) -> str:
    """Show cost and overlap of ours and of stock ANTs, session by session."""
    record = results['registration_speed']
    rows = []
    for session in record['sessions']:
        for method in ('ours', 'stock'):
            part = session[method]
            rows.append(
                [
                    session['session'],
                    method,
                    *(part[cost] for cost in COSTS),
                    number(part['dice'].get('together'), 3),
                ]
            )
    ratio = record['ratios']['wall_s']
    return '\n'.join(
        [
            made_by(results, 'registration_speed'),
            table(['session', '', *COSTS.values(), 'Dice'], rows),
            f'\nWall time, ours over stock: {ratio["median"]} (median of {ratio["n"]}).',
        ]
    )


def registration_overlap(results: Results) -> str:
    """Show the overlap with the truth of simulated people."""
    record = results['registration_overlap']
    titles = {
        'ours': 'ours',
        'ours_label_maps': 'ours, people of label maps',
        'ours_template': 'ours, people of the template',
        'ours_large_ventricles': 'ours, lateral ventricles of more than 30 ml',
        'stock': 'stock, with T1w',
        'stock_label_maps': 'stock, people of label maps',
        'stock_template': 'stock, people of the template',
        'stock_large_ventricles': 'stock, lateral ventricles of more than 30 ml',
    }
    found = {
        title: record[name]
        for name, title in titles.items()
        if name in record and record[name]['n']
    }
    rows = [
        [
            title,
            part['n'],
            *(
                ' '.join(
                    wrapped.format(number(part['dice'][name][key], 3)) for key, wrapped in KEYS
                )
                for name in SHOWN
            ),
            f'{part["slices_equal"]} ({part["largest_slice_offset"]})',
        ]
        for title, part in found.items()
    ]
    header = ['', 'people', *(f'{name}, median (worst)' for name in SHOWN.values())]
    header.append('same three slices (largest offset)')
    return made_by(results, 'registration_overlap') + '\n' + table(header, rows)


def registration_rigid(results: Results) -> str:
    """Show target registration errors of known movements."""
    record = results['registration_rigid']
    groups = {f'real, {kind}': part for kind, part in record['real'].items()} | {
        f'simulated, {method}': part for method, part in record['simulated'].items()
    }
    rows = [
        [
            title,
            name,
            part['n'],
            number(part['median'], 2),
            number(part['percentile_95'], 2),
            number(part['worst'], 2),
        ]
        for title, parts in groups.items()
        for name, part in parts.items()
    ]
    header = ['', 'contrast', 'alignments', 'median (mm)', '95 % under (mm)', 'worst (mm)']
    return made_by(results, 'registration_rigid') + '\n' + table(header, rows)


def registration_failures(results: Results) -> str:
    """Show what was noticed of what went wrong on purpose, and what was flagged without need."""
    record = results['registration_failures']
    rows = [
        [kind, part['n'], part['caught'], part['error'], next(iter(part['reasons']), '–')]
        for kind, part in record['staged'].items()
    ]
    total = sum(part['n'] for part in record['staged'].values())
    caught = sum(part['caught'] for part in record['staged'].values())
    header = ['on purpose', 'cases', 'noticed', 'of these refused', 'commonest reason']
    return '\n'.join(
        [
            made_by(results, 'registration_failures'),
            table(header, rows),
            f'\nNoticed: {caught} of {total}. {_good(record)}',
        ]
    )


def registration_good(results: Results) -> str:
    """Show how many good heads are flagged on which no limit was set."""
    return made_by(results, 'registration_good') + '\n' + _good(results['registration_good'])


def _good(record: dict) -> str:
    parts = (
        f'{round(part["share_flagged"] * part["n"])} of {part["n"]} {name}'
        + (f' ({"; ".join(part["reasons"])})' if part['reasons'] else '')
        + (f', {part["rightly"]} of them for true volumes that are so' if part['reasons'] else '')
        for name, part in record['good'].items()
        if part['n']
    )
    return f'Good ones flagged: {", ".join(parts)}.'
