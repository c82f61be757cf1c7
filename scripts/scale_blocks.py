"""What docs/validation.md shows of benchmarks/scale.py and faults.py: Markdown from JSON files."""

from validation_blocks import Results, number, table


def scale(results: Results) -> str:
    """Show what does not grow with the dataset, and what does."""
    record = results['scale']
    machine = record['machine']
    parts = [
        f'```\n{record["command"]}\n```\n',
        f'On {machine["cores"]} cores, {machine["memory_gb"]} GB; seed {record["seed"]}; '
        + ', '.join(f'{name} {found}' for name, found in record['versions'].items())
        + '. Beside other work: load averages before the parts were '
        + ', '.join(f'{record[name]["load_before"]}' for name in _parts(record))
        + '.\n',
        table(
            ['', 'participants', 'median (s)', 'shortest (s)', 'processors, median (s)', 'runs'],
            [*_start_rows(record), *_first_rows(record), *_index_rows(record)],
        ),
    ]
    if 'first' in record:
        parts += ['', _ratios(record)]
    if 'group' in record:
        found = record['group']
        parts += [
            '',
            f'Group level, {found["participants"]:,} participants ({found["t2w"]:,} T2w): '
            f'{found["wall_s"]} s, {found["peak_memory_gb"]} GB, page {found["page_mb"]} MB.',
        ]
    return '\n'.join(parts)


KINDS = {
    'start': 'up to four seconds after the log was begun',
    'step': 'after a step',
    'write': 'while a file was being written',
    'tables': '… a table of results',
    'page': '… the page',
    'end': 'after the last step',
}


def faults(results: Results) -> str:
    """Show how many kills were survived, and when they came."""
    record = results['faults']
    rows = []
    for kind, title in KINDS.items():
        found = [kill for kill in record['each'] if kill['kind'] == kind]
        if found:
            steps = [kill['steps'] for kill in found]
            survived = sum(kill['survived'] for kill in found)
            rows.append([title, f'{survived} of {len(found)}', f'{min(steps)} to {max(steps)}'])
    rows.append(['all', f'{record["survived"]} of {record["kills"]}', ''])
    meanwhile, at_end = (record[f'files_compared_{n}'] for n in ('meanwhile', 'at_the_end'))
    machine = record['machine']
    return '\n'.join(
        [
            f'```\n{record["command"]}\n```\n',
            f'On {machine["cores"]} cores, {machine["memory_gb"]} GB, beside other work. '
            f'{record["rows"]} rows; {meanwhile:,} files were compared meanwhile, {at_end} at the '
            f'end of each row; kills left {record["temporary_files_left_by_kills"]} files under '
            'temporary names, which the next run removed.\n',
            table(['killed', 'survived', 'steps done'], rows),
        ]
    )


def _parts(record: dict) -> list[str]:
    return [name for name in ('start', 'first', 'index', 'group') if name in record]


def _row(title: str, size: str, found: dict) -> list[str]:
    times = [number(found[f'{name}_s'], 2) for name in ('median', 'shortest', 'median_cpu')]
    return [title, size, *times, found['runs']]


def _start_rows(record: dict) -> list[list]:
    options = record.get('start', {})
    return [
        _row(f'`{option}`', '', found)
        for option, found in options.items()
        if option.startswith('--')
    ]


def _variants(record: dict) -> dict[str, dict]:
    return {name: part for name, part in record['first'].items() if isinstance(part, dict)}


def _first_rows(record: dict) -> list[list]:
    if 'first' not in record:
        return []
    return [
        _row(f'one participant to the first node, {name}', f'{int(size):,}', found)
        for name, part in _variants(record).items()
        for size, found in part.items()
        if size.isdecimal()
    ]


def _index_rows(record: dict) -> list[list]:
    return [
        _row(f'index of all: {found["t2w"]:,} T2w', f'{int(size):,}', found)
        for size, found in record.get('index', {}).items()
        if size.isdecimal()
    ]


def _ratios(record: dict) -> str:
    lines = []
    for name, part in _variants(record).items():
        found = part['ratio']
        large, small = found['of']
        lines.append(
            f'To the first node in {large:,} over {small:,} participants, {name}: medians '
            f'{found["medians"]:.2f} ×, shortest {found["shortest"]:.2f} ×, processors '
            f'{found["median_cpu"]:.2f} ×.'
        )
    return '\n'.join(lines)
