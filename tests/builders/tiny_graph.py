"""A small graph of real nodes, run by the real engine: `python tiny_graph.py CASE FOLDER`."""

import json
import sys
from pathlib import Path

from nipype.interfaces.utility import Function
from nipype.pipeline.engine import Node, Workflow

from pvs_workflow.cli.logs import start_console, start_records
from pvs_workflow.cli.run import run_with_exit_code
from pvs_workflow.execution import engine
from pvs_workflow.execution.engine import run_scans, start_workers
from pvs_workflow.inputs import Scan
from pvs_workflow.settings import Settings


def write_grade(folder, name, first):
    """Write a grade, as the last step of a scan does."""
    from pathlib import Path

    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, name).write_text(f'a grade; {first}')
    return name


class Optional(Function):
    """A step on an optional image."""

    is_optional = True


def first_step(name, case, folder, failure=''):
    """Record the call and, in the scan sub-02, act according to the case."""
    import os
    import signal
    import time
    from pathlib import Path

    from pvs_workflow.errors import ImageError

    if failure:
        return failure
    case = case.removeprefix('optional-')
    with Path(folder, 'runs.txt').open('a') as file:
        file.write(f'{name} {os.getpid()}\n')
    print('a worker talks')
    if name == 'sub_02':
        if case == 'killed':
            os.kill(os.getpid(), signal.SIGKILL)
        if case == 'image-error':
            raise ImageError('x.nii.gz is 4D; give a 3D image')
        if case == 'bug':
            raise KeyError('an unforeseen bug')
        if case == 'missing-result':
            return 'lost'
        if case == 'wait':
            deadline = time.monotonic() + 30
            while not Path(folder, 'out/sub-01/anat/sub-01_desc-potter_grade.tsv').exists():
                assert time.monotonic() < deadline
                time.sleep(0.1)
    if case == 'slow':
        time.sleep(600)
    if case in ('killed', 'image-error'):
        time.sleep(0.5)
    return 'fine'


def build(scans, case, folder, output_dir):
    """Return a graph of two steps for each scan."""
    workflow = Workflow('pvs_wf')
    for scan in scans:
        lost = case == 'missing-result' and scan.participant == '02'
        # Nipype treats a string that is the path of a file as a file, hence folder and name.
        kind = Optional if case.startswith('optional-') else Function
        first = Node(kind(function=first_step), name='first', overwrite=False)
        first.inputs.trait_set(name=scan.name, case=case, folder=str(folder))
        last = Node(Function(function=write_grade), name='last', overwrite=False)
        last.inputs.folder = str(output_dir / scan.folder)
        last.inputs.name = 'lost' if lost else f'{scan.prefix}_desc-potter_grade.tsv'
        one = Workflow(f'{scan.name}_wf')
        one.connect(first, 'out', last, 'first')
        workflow.add_nodes([one])
    return workflow


def main():
    """Run the case in the folder and write the outcome to ``outcome.json``."""
    case, folder, *options = sys.argv[1:]
    folder = Path(folder)
    if 'few' in options:
        engine._SCANS_PER_PROCESS = 1
    settings = Settings(
        bids_dir=folder / 'bids',
        output_dir=folder / 'out',
        work_dir=folder / 'work',
        analysis_level='participant',
        run_id='run',
        nprocs=2,
        stop_on_first_crash='stop' in options,
        write_graph='graph' in options,
        resource_monitor='monitor' in options,
        nipype_plugin_file=folder / 'plugin.yml' if 'plugin' in options else None,
    )
    start_records(settings)
    scans = tuple(
        Scan(label, None, folder / 't2w.nii.gz', None, None, (('sub', label),))
        for label in ('01', '02', '03', '04')
    )
    with start_workers(settings) as workers:
        outcome = run_scans(
            settings,
            scans,
            workers,
            lambda settings, some: build(some, case, folder, settings.output_dir),
        )
    content = {
        'done': [scan.prefix for scan in outcome.done],
        'failed': {scan.prefix: text for scan, text in outcome.failed.items()},
        'heavy': sorted({'tensorflow', 'ants', 'keras'} & set(sys.modules)),
    }
    (folder / 'outcome.json').write_text(json.dumps(content))
    return 0 if len(outcome.done) == len(scans) else 1


if __name__ == '__main__':
    start_console(0)
    sys.exit(run_with_exit_code(main))
