"""Gives bad inputs to the rooms that read them, and says what became of each.

``python -m tests.hostile.runner [ROOM ...]`` prints one line for each input, and how many were
handled as promised.
"""

import contextlib
import io
import json
import logging
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, replace
from pathlib import Path

from tests.hostile.case import Case
from tests.hostile.corpus import all_cases, write
from tests.hostile.verdict import Verdict, judge
from tests.hostile.watch import SECONDS, HungError, memory, traces, watch


def run(case: Case, folder: Path) -> Verdict:
    """Write a case and give it to its room."""
    base, made = write(case, folder)
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5')  # forget the most memory so far
    begin, started, before = time.monotonic(), time.process_time(), memory('VmRSS')
    left = set(traces())
    watch()
    try:
        verdict = ROOMS[case.room](base, made)
    except HungError:
        verdict = Verdict(crash=f'nothing within {SECONDS} s')
    except Exception as error:
        verdict = _from_error(error)
    finally:
        signal.alarm(0)
    spent = (time.monotonic() - begin, time.process_time() - started)
    verdict = replace(verdict, seconds=round(spent[0], 2), cpu=round(spent[1], 2))
    verdict = replace(verdict, memory=max(memory('VmHWM') - before, 0))
    if new := sorted(set(traces()) - left):
        verdict = replace(verdict, harmed=f'it left {", ".join(new)}')
    return verdict


def run_all(cases: list[Case]):
    """Yield each case and its verdict, each from a folder of its own."""
    # So that a mistake here costs this process, not the machine.
    resource.setrlimit(resource.RLIMIT_AS, (20 * 2**30,) * 2)
    for case in cases:
        folder = Path(tempfile.mkdtemp(prefix='hostile-'))
        try:
            with contextlib.chdir(folder):
                yield case, run(case, folder)
        finally:
            shutil.rmtree(os.fsencode(folder), ignore_errors=True)


def _image(folder: Path, path: Path) -> Verdict:
    from pvs_workflow.execution.outcome import explain_failure
    from pvs_workflow.inputs import Scan
    from pvs_workflow.interfaces.steps import Conform

    scan = Scan('bad', None, path, None, None, (('sub', 'bad'),))
    try:
        Conform(source=str(path), is_t2w=True).run()
    except Exception as error:
        text = ''.join(traceback.format_exception(error))
        sentence = explain_failure(scan, 'pvs_wf.conform', text, Path('crash.txt'))
        ours = 'crash.txt' not in sentence
        return Verdict(1, (sentence,), '' if ours else sentence[-300:])
    return Verdict()


def _dataset(bids: Path, options: dict | None) -> Verdict:
    from pvs_workflow.cli.participant import log_selection, select_scans
    from pvs_workflow.inputs.metadata import scanner_metadata
    from pvs_workflow.settings import Settings

    settings = Settings(
        bids_dir=bids,
        output_dir=bids.parent / 'out',
        analysis_level='participant',
        run_id='run',
        skip_bids_validation=True,
        **(options or {}),
    )
    with _listening() as said:
        selection = select_scans(settings)
        log_selection(selection)
    good = [scan for scan in selection.scans if scan.participant == 'good']
    harmed = ''
    paths = [bids / f'sub-good/anat/sub-good_{kind}.nii.gz' for kind in ('T2w', 'T1w')]
    if [(scan.t2w, scan.t1w, scan.flair) for scan in good] != [(*paths, None)]:
        harmed = f'the good participant has {good}'
    for scan in selection.scans:
        facts = scanner_metadata(bids, scan.t2w) | {'Sources': scan.sources(bids)}
        text = json.dumps(facts, allow_nan=False, ensure_ascii=False).encode()
        if len(text) > 10_000 or not all(
            f.isprintable() for f in facts.values() if isinstance(f, str)
        ):
            harmed = harmed or 'facts of the scanner that nobody can read'
    if len({scan.name for scan in selection.scans}) < len(selection.scans):
        harmed = harmed or 'two scans with one name in the graph'
    return Verdict(1 if selection.missing else 0, tuple(said), '', harmed)


def _bundle(path: Path, made) -> Verdict:
    from pvs_workflow.networks.bundle import load_bundle
    from pvs_workflow.networks.engine import configure_tensorflow

    # As everybody does who loads one; once it has started, its threads cannot be changed.
    configure_tensorflow(threads=1, seed=0)
    load_bundle(path)
    return Verdict()


def _group(out: Path, made) -> Verdict:
    from pvs_workflow.derivatives.description import describe_outputs
    from pvs_workflow.group import collect_group

    found = collect_group(out, out.parent / 'bids')
    describe_outputs(out)
    table = (out / 'group_potter.tsv').read_text(encoding='utf-8')
    page = (out / 'group_potter.html').read_text(encoding='utf-8')
    harmed = ''
    if 'sub-good' not in table:
        harmed = 'the good participant is not in the table'
    if '<script>alert' in page or '"javascript:' in page:
        harmed = 'the page has a script of the input’s'
    if len(page) > 5_000_000:
        harmed = f'a page of {len(page)} characters'
    return Verdict(1 if found.problems else 0, (*found.problems, *found.warnings), '', harmed)


def _result(out: Path, made) -> Verdict:
    from pvs_workflow.derivatives.results import read_results

    results, problems = read_results(out)
    names = [result.grade['participant_id'] for result in results]
    harmed = '' if 'sub-good' in names else 'the good participant is left out'
    return Verdict(1 if problems else 0, tuple(problems), '', harmed)


def _ratings(out: Path, path: Path) -> Verdict:
    from pvs_workflow.group import collect_group

    found = collect_group(out, None, [path])
    return Verdict(1 if found.problems else 0, found.problems)


def _page(out: Path, made) -> Verdict:
    from pvs_workflow.cli.reports import write_pages

    with _listening() as said:
        fine = write_pages(out, ['bad', 'good'])
    pages = [(out / f'sub-{label}.html') for label in ('bad', 'good')]
    harmed = '' if all(page.is_file() for page in pages) else 'a page is missing'
    if not harmed:
        text = pages[0].read_text(encoding='utf-8')
        if '<script>alert' in text or len(text) > 20_000_000 or 'root:x:0' in text:
            harmed = f'a page of {len(text)} characters with what must not be in it'
    return Verdict(0 if fine else 1, tuple(said), '', harmed)


def _settings(out: Path, path: Path) -> Verdict:
    from pvs_workflow.settings import load_settings

    load_settings(path)
    return Verdict()


def _config(out: Path, path: Path) -> Verdict:
    from pvs_workflow.cli.parser import parse_args

    words = [out.parent / 'bids', out, 'participant', '--config-file', path]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            settings = parse_args(list(map(str, words)))
        except SystemExit as end:
            lines = said.getvalue().splitlines()
            errors = tuple(line for line in lines if line.startswith('pvs_workflow: error: '))
            harmed = '' if end.code else 'it looks as if all went well'
            return Verdict(end.code or 0, errors, '', harmed)
    places = (settings.bids_dir, settings.output_dir)
    harmed = '' if places == (out.parent / 'bids', out) else f'it is about {places}'
    return Verdict(harmed=harmed)


def _plugin(out: Path, path: Path) -> Verdict:
    from pvs_workflow.execution.queues import read_plugin_file

    read_plugin_file(path)
    return Verdict()


def _script(out: Path, places: dict[str, Path]) -> Verdict:
    from pvs_workflow.cli.job_array import write_slurm
    from pvs_workflow.settings import Settings

    places = {'output_dir': out, 'work_dir': out / 'work'} | places
    settings = Settings(
        bids_dir=out.parent / 'bids', analysis_level='participant', run_id='run', **places
    )
    write_slurm(settings, ['good', 'other'])
    # As a task, with an app that says what it is given.
    script = settings.write_slurm
    text = re.sub('^command=.*$', 'command=(printf %s/)', script.read_text('utf-8'), flags=re.M)
    done = subprocess.run(
        ['bash', '-c', text],
        env={'PATH': os.environ['PATH'], 'SLURM_ARRAY_TASK_ID': '1', 'SLURM_CPUS_PER_TASK': '1'},
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )
    work = settings.work_dir / 'sub-good'
    wanted = f'{settings.bids_dir}/{settings.output_dir}/participant/'
    harmed = done.stderr
    if not (done.stdout.startswith(wanted) and f'/--work-dir/{work}/' in done.stdout):
        harmed = harmed or f'the app is given {done.stdout!r}'
    (log,) = re.findall('^#SBATCH --output=(.*)$', text, re.M)
    if log.strip('"').replace('%%', '%') != f'{settings.output_dir}/logs/slurm/jobs_%A_%a.log':
        harmed = harmed or f'the log is {log}'
    if found := list(out.rglob('*hacked')):
        harmed = harmed or f'it left {found}'
    return Verdict(harmed=harmed)


ROOMS = {
    'image': _image,
    'dataset': _dataset,
    'bundle': _bundle,
    'group': _group,
    'result': _result,
    'ratings': _ratings,
    'page': _page,
    'settings': _settings,
    'config': _config,
    'plugin': _plugin,
    'script': _script,
}
"""Who is given what."""


def _from_error(error: Exception) -> Verdict:
    from pvs_workflow.errors import PVSError

    if isinstance(error, PVSError):
        return Verdict(error.exit_code, (str(error),))
    return Verdict(1, (), f'{type(error).__name__}: {str(error)[:300]}')


@contextlib.contextmanager
def _listening():
    """Collect what is logged as errors."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage())
    log = logging.getLogger('pvs_workflow')
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)


def main(rooms: list[str]) -> int:
    """Print what became of all inputs, or of those of some rooms, as lines of JSON."""
    skipped = int(rooms.pop()) if rooms and rooms[-1].isdecimal() else 0
    chosen = [case for case in all_cases() if not rooms or case.room in rooms][skipped:]
    handled = 0
    for case, verdict in run_all(chosen):
        wrong = judge(case, verdict)
        handled += not wrong
        line = {'case': case.title, 'wrong': wrong, **asdict(verdict)}
        print(json.dumps(line), flush=True)
    print(f'{handled} of {len(chosen)} bad inputs handled as promised', file=sys.stderr)
    return 0 if handled == len(chosen) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
