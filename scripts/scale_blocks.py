"""What docs/validation.md shows of runs at scale: Markdown from JSON files."""

from validation_blocks import Results, made_by, number, table


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
            [
                *_start_rows(record),
                *_first_rows(record),
                *_everyone_rows(record),
                *_index_rows(record),
            ],
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


def hostile(results: Results) -> str:
    """Show what became of bad inputs."""
    record = results['hostile']
    header = [
        'given to',
        'inputs',
        'handled as promised',
        'most memory (GB)',
        'longest (s of a processor)',
    ]
    rows = [
        [
            f'`{room}`',
            found['inputs'],
            found['handled'],
            number(found['most_memory_gb'], 2),
            number(found['longest_cpu_s'], 1),
        ]
        for room, found in (record['rooms'] | {'all': record}).items()
    ]
    told = (
        f'Most memory: {record["most_memory_of"]}; longest: {record["longest_of"]}. '
        f'Load average before: {record["load_before"]}.'
    )
    parts = [made_by(results, 'hostile'), table(header, rows), '', told]
    return '\n'.join([*parts, *(f'\n- {one}' for one in record['not_handled'])])


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
    names = ('start', 'first', 'everyone', 'index', 'group')
    return [name for name in names if name in record]


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


def _everyone_rows(record: dict) -> list[list]:
    return [
        _row(
            f'all to the first node, without validation; {found["peak_memory_gb"]} GB',
            f'{int(size):,}',
            found,
        )
        for size, found in record.get('everyone', {}).items()
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


def throughput(results: Results) -> str:
    """Show how much sooner a batch is done with more processes."""
    record = results['throughput']
    rows = [
        [
            number_of,
            number(part['median_s'], 1),
            number(part['median_cpu_s'], 1),
            number(part['sessions_per_hour'], 0),
            f'{part["ratio"]:.2f} ×',
            ', '.join(f'{ratio:.2f}' for ratio in part['ratios']),
        ]
        for number_of, part in record['nprocs'].items()
    ]
    loads = [run['load_before'] for part in record['nprocs'].values() for run in part['runs']]
    told = f'{len(record["sessions"])} sessions, {record["tables"]} tables, which every run wrote '
    told += f'alike. On {record["machine"]["cores"]} cores, {record["machine"]["memory_gb"]} GB; '
    told += f'load averages before the runs were {min(loads)} to {max(loads)}.'
    header = ['processes', 'wall time, median (s)', 'CPU time, median (s)', 'sessions per hour']
    shown = table([*header, 'throughput', 'of each pair of runs'], rows)
    return '\n'.join([f'```\n{record["command"]}\n```\n', f'{told}\n', shown])


def memory(results: Results) -> str:
    """Show what runs use, beside what they were given and what their nodes declare."""
    record = results['memory']
    rows = [
        [
            run['dataset'],
            run['nprocs'],
            number(run['peak_gb'], 2),
            number(run['worker_idle_gb'], 2),
            number(run['files_gb'], 2),
            f'{run["busy"]:.2f} / {run["busy_of_a_process"]:.2f}',
            run['tensorflow_starts'],
        ]
        for run in record['runs'].values()
    ]
    header = ['dataset', 'processes', 'all together (GB)', 'a worker between steps (GB)']
    header += ['files, shared (GB)', 'processors busy, all / one process']
    parts = [
        f'```\n{record["command"]}\n```\n',
        f'On {record["machine"]["cores"]} cores, {record["machine"]["memory_gb"]} GB.\n',
        table([*header, 'starts of TensorFlow'], rows),
        '',
        table(['step', 'most measured (GB)', 'declared (GB)'], _steps(record)),
    ]
    return '\n'.join(parts)


def _steps(record: dict) -> list[list]:
    found: dict[str, list[float]] = {}
    for run in record['runs'].values():
        for name, step in run['steps'].items():
            row = found.setdefault(name, [0.0, 0.0])
            # Of the run in which it came closest to what it declares.
            if step['measured_gb'] * row[1] >= row[0] * step['declared_gb']:
                row[:] = step['measured_gb'], step['declared_gb']
    return [[f'`{name}`', *(number(one, 2) for one in row)] for name, row in sorted(found.items())]
