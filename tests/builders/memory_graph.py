"""A graph of nodes with declared memory, run by the real engine.

`python memory_graph.py FOLDER NPROCS MEM TOGETHER NEED ...` runs one scan of two steps for each
NEED. The first step declares that much memory and waits until TOGETHER first steps have begun, at
most a minute. Each step records when it began and ended, and the number of workers.
"""

import json
import sys
from pathlib import Path

from nipype.interfaces.utility import Function
from nipype.pipeline.engine import Node, Workflow

from pvs_workflow.cli.logs import start_console, start_records
from pvs_workflow.cli.run import run_with_exit_code
from pvs_workflow.execution.engine import run_scans, start_workers
from pvs_workflow.inputs import Scan
from pvs_workflow.settings import Settings


def step(name, notes, together=0, result=None, before=None):
    """Wait for other steps, and record the times and the number of workers."""
    import json
    import os
    import time
    from pathlib import Path

    run = Path(f'/proc/{os.getppid()}')
    begin = time.monotonic()
    if together:
        Path(f'{notes} {name}').touch()
    others = Path(notes).parent
    while len(list(others.glob('notes *'))) < together and time.monotonic() < begin + 60:
        time.sleep(0.05)
    siblings = [pid for task in run.glob('task/*/children') for pid in task.read_text().split()]
    texts = [Path(f'/proc/{pid}/cmdline').read_bytes() for pid in siblings]
    workers = sum(b'spawn_main' in text for text in texts)
    note = {'name': name, 'begin': begin, 'end': time.monotonic(), 'workers': workers}
    with Path(notes).open('a') as file:
        file.write(json.dumps(note) + '\n')
    if result:
        Path(result).parent.mkdir(parents=True, exist_ok=True)
        Path(result).write_text('a grade')
    return name


def build(scans, together, needs, settings):
    """Return a graph of two steps for each scan."""
    workflow = Workflow('pvs_wf')
    notes = str(settings.work_dir / 'notes')
    for scan, need in zip(scans, needs, strict=True):
        first = Node(Function(function=step), name='first', mem_gb=need)
        first.inputs.trait_set(name=f'{scan.name} first', notes=notes, together=together)
        last = Node(Function(function=step), name='last', mem_gb=0.1)
        result = settings.output_dir / scan.folder / f'{scan.prefix}_desc-potter_grade.tsv'
        last.inputs.trait_set(name=f'{scan.name} last', notes=notes, result=str(result))
        one = Workflow(f'{scan.name}_wf')
        one.connect(first, 'out', last, 'before')
        workflow.add_nodes([one])
    return workflow


def main():
    """Run the graph and write the outcome to ``outcome.json``."""
    folder, nprocs, mem, together, *needs = sys.argv[1:]
    folder = Path(folder)
    settings = Settings(
        bids_dir=folder / 'bids',
        output_dir=folder / 'out',
        work_dir=folder / 'work',
        analysis_level='participant',
        run_id='run',
        nprocs=int(nprocs),
        mem_gb=float(mem),
    )
    settings.work_dir.mkdir()
    scans = tuple(
        Scan(f'{number:02d}', None, folder / 't2w.nii.gz', None, None, (('sub', f'{number:02d}'),))
        for number in range(1, len(needs) + 1)
    )
    start_records(settings)
    with start_workers(settings) as workers:
        outcome = run_scans(
            settings,
            scans,
            workers,
            lambda *_: build(scans, int(together), map(float, needs), settings),
        )
    content = {
        'done': [scan.prefix for scan in outcome.done],
        'failed': {scan.prefix: text for scan, text in outcome.failed.items()},
    }
    (folder / 'outcome.json').write_text(json.dumps(content))
    return 0


if __name__ == '__main__':
    start_console(0)
    sys.exit(run_with_exit_code(main))
