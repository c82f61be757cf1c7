"""What was aimed at, beside what was measured: Markdown from JSON files."""

from collections.abc import Callable

import numpy as np
from validation_blocks import Results, icc, number, percent, share, table


def _both(show: Callable) -> Callable:
    return lambda record: ' / '.join(show(record[roi]) for roi in ('true_roi', 'roi_errors'))


def _covered(record: dict) -> str:
    parts = [part for levels in record['factors'].values() for part in levels]
    values = [part['roi_errors']['interval_coverage'] for part in parts]
    return f'{percent(min(values))} to {percent(max(values))}'


def _grade_coverage(part: dict) -> str:
    values = [value for value in part['coverage_by_grade'] if value is not None]
    return f'{percent(min(values))} to {percent(max(values))}'


def _implanted(part: dict) -> str:
    return f'{percent(part["images"]["accuracy"])}, {number(part["images"]["mae"], 2)}'


def _real_grades(record: dict) -> str:
    grades = sorted({session['grade'] for session in record['sessions']})
    again = record['scan_rescan']
    return f'grades {grades}, same in {again["same_grade"]} of {again["n_pairs"]} pairs'


def _fastest(record: dict) -> str:
    run = record['runs'][-1]
    return f'{run["median_s"]:.2f} s, {run["peak_memory_gb"]} GB'


def _cold_run(record: dict) -> str:
    runs = record['sessions'].values()
    times = [run['wall_s'] for run in runs]
    peak = max(run['peak_memory_gb'] for run in runs)
    return f'{min(times):.0f} to {max(times):.0f} s, {peak} GB'


def _movements(record: dict) -> str:
    errors = [row['mean_tre_mm'] for row in record['draws'] if row['kind'] != 'undisturbed']
    if None in errors:
        return f'{errors.count(None)} of {len(errors)} failed'
    return f'{np.median(errors):.2f}, {max(errors):.2f} mm'


def _roi_overlap(*names: str) -> Callable[[dict], str]:
    return lambda record: ' / '.join(
        f'{number(record[name]["dice"]["roi"].get("median"), 3)} (n {record[name]["n"]})'
        for name in names
    )


def _slices(record: dict) -> str:
    rows = [row for row in record['people'] if row['method'] == 'ours']
    near = sum(
        row.get('slice_offset') is not None and abs(row['slice_offset']) <= 1 for row in rows
    )
    return f'{near} of {len(rows)}, {record["ours"]["slices_equal"]} the same'


def _flagged(record: dict) -> str:
    good = [row for row in record['cases'] if row['kind'] == 'good']
    rows = [row for row in good if row['level'] != 'pass']
    rightly = sum(bool(row.get('true_reasons')) for row in rows)
    return f'{len(rows)} of {len(good)}' + (f', {rightly} of them rightly' if rows else '')


def _staged(record: dict) -> str:
    kinds = record['staged'].values()
    caught, staged = (sum(kind[name] for kind in kinds) for name in ('caught', 'n'))
    return f'{caught} of {staged} / {_flagged(record)}'


def _first_node(record: dict) -> str:
    part = record['first']['as it is']
    large, small = part['ratio']['of']
    times = [f'{part[str(size)]["median_s"]:.1f} s' for size in (small, large)]
    return f'{", ".join(times)}: {part["ratio"]["medians"]:.2f} ×'


def _index(record: dict) -> str:
    return f'{record["index"]["10000"]["median_s"]:.1f} s'


def _big_group(record: dict) -> str:
    found = record['group']
    return f'{found["wall_s"]:.0f} s ({found["participants"]:,} participants)'


def _hostile(record: dict) -> str:
    return (
        f'{record["handled"]} of {record["inputs"]}; at most {record["most_memory_gb"]} GB, '
        f'{record["longest_cpu_s"]:.0f} s of a processor'
    )


def _silver(record: dict) -> str:
    values = [part['together'] for part in record['dice'].values()]
    return f'{np.median(values):.3f} ({min(values):.3f} to {max(values):.3f})'


TARGETS = (
    ('images with the right grade', '88%', '93%', 'paper', _both(
        lambda p: percent(p['image_accuracy']))),
    ('people with the right grade', '94%', '97%', 'paper', _both(
        lambda p: share(p['participant_accuracy'], p['n_participants']))),
    ('MAE of counts', '1.7', '1.0', 'paper', _both(lambda p: number(p['mae'], 2))),
    ('ICC(2,1), images', '0.906', '0.97', 'paper', _both(lambda p: icc(p['images']['icc']))),
    ('ICC(2,1), people', '0.952', '0.98', 'paper', _both(lambda p: icc(p['participants']['icc']))),
    ('CNR, deep over none: grain / tissue', '3.0 ×', '4 ×', 'paper', lambda r: ' / '.join(
        f'{number(r["contrast"]["gain"][n])} ×' for n in ('cnr', 'cnr_tissue'))),
    ('real backgrounds, person left out: images right, MAE', '85%, 2.0', '90%, 1.3', 'implants',
     lambda r: _both(_implanted)(r['held_out'])),
    ('varied acquisitions: images right', '80%', '88%', 'varied', _both(
        lambda p: percent(p['image_accuracy']))),
    ('90 % intervals hold, over grades', '85–95%', '88–92%', 'paper', _both(_grade_coverage)),
    ('… over grades, varied acquisitions', '85–95%', '88–92%', 'varied', _both(_grade_coverage)),
    ('… over shifts (ROI errors)', '85–95%', '88–92%', 'shifts', _covered),
    ('real scans as they are', 'grade 0 or 1, same in both sessions', '', 'real', _real_grades),
    ('… by cascades that have not seen the person', '', '', 'implants',
     lambda r: _real_grades(r['as_they_are'])),
    ('six images, warm, two threads', '0.5 s, 1.5 GB', '0.2 s', 'speed', _fastest),
    ('time of registrations, ours over stock ANTs', '1/8', '1/12', 'registration_speed',
     lambda r: number(r['ratios']['wall_s']['median'], 3)),
    ('whole cold run, T1w, T2w and FLAIR', '60 s, 4 GB', '35 s, 2.5 GB', 'sessions', _cold_run),
    ('group level, 5,000 participants', '60 s, 1.5 GB', '', 'group',
     lambda r: f'{r["wall_s"]:.0f} s, {r["peak_memory_gb"]} GB, {r["page_mb"]} MB'),
    ('`pvs_workflow --help`', '0.5 s', '0.25 s', 'scale',
     lambda r: f'{r["start"]["--help"]["median_s"]:.2f} s'),
    ('start to first node, one of 100 and of 50,000 participants', '3 s, 1.3 ×', '2 s, 1.1 ×',
     'scale', _first_node),
    ('index of all of 10,000 participants', '20 s', '5 s', 'scale', _index),
    ('throughput of 2 processes over 1, 6 sessions', '1.7 ×', '1.9 ×', 'throughput',
     lambda r: f'{r["nprocs"]["2"]["ratio"]:.2f} ×'),
    ('group level, 10,000 participants', '60 s', '15 s', 'scale', _big_group),
    ('bad inputs handled as promised', '200 of 200', '500 of 500', 'hostile', _hostile),
    ('kills survived with the same bytes', '20 of 20', '50 of 50', 'faults',
     lambda r: f'{r["survived"]} of {r["kills"]}'),
    ('error of 50 known movements in the nuclei: median, worst', '0.7, 2 mm', '0.4, 1 mm',
     'registration_rigid', _movements),
    ('ROI Dice, simulated people: all / of label maps', '0.88', '0.92', 'registration_overlap',
     _roi_overlap('ours', 'ours_label_maps')),
    ('… people of label maps: ours / stock with T1w', 'stock − 0.005', 'higher',
     'registration_overlap', _roi_overlap('ours_label_maps', 'stock_label_maps')),
    ('… people of the template that stock knows: ours / stock', 'stock − 0.005', 'higher',
     'registration_overlap', _roi_overlap('ours_template', 'stock_template')),
    ('Dice of the nuclei, real scans, against SAMSEG', 'stock − 0.005', '0.83', 'roi', _silver),
    ('same three slices, at most one off', '95%', '99%', 'registration_overlap', _slices),
    ('staged failures noticed / good ones flagged (limits set on them)', '95% / 2%', '100% / 0%',
     'registration_failures', _staged),
    ('… good ones flagged, others', '2%', '0%', 'registration_good', _flagged),
)  # fmt: skip


def targets(results: Results) -> str:
    """Show what was aimed at beside what was measured."""
    rows = []
    for title, least, aim, part, show in TARGETS:
        try:
            shown = show(results[part])
        except FileNotFoundError:
            shown = 'not measured yet'
        rows.append([title, least, aim, shown, f'`{part}.json`'])
    return table(['figure', 'at least', 'aim', 'measured', 'file'], rows)
