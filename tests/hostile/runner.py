"""Give bad inputs to the functions that read them, and report the outcomes.

``python -m tests.hostile.runner [READER ...]`` prints a line for each input, and the number of
inputs that were handled.
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
from tests.hostile.verdict import Verdict, find_problems
from tests.hostile.watch import SECONDS, HungError, memory, traces, watch


def run(case: Case, folder: Path) -> Verdict:
    """Write a case and give it to its reader."""
    base, argument = write(case, folder)
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5')  # reset the peak memory
    begin, started, before = time.monotonic(), time.process_time(), memory('VmRSS')
    traces_before = set(traces())
    watch()
    try:
        verdict = READERS[case.reader](base, argument)
    except HungError:
        verdict = Verdict(crash=f'no result within {SECONDS} s')
    except Exception as error:
        verdict = _from_error(error)
    finally:
        signal.alarm(0)
    spent = (time.monotonic() - begin, time.process_time() - started)
    verdict = replace(verdict, seconds=round(spent[0], 2), cpu=round(spent[1], 2))
    verdict = replace(verdict, memory=max(memory('VmHWM') - before, 0))
    if new := sorted(set(traces()) - traces_before):
        verdict = replace(verdict, harm=f'it left {", ".join(new)}')
    return verdict


def run_all(cases: list[Case]):
    """Yield each case and its verdict; each case has a separate folder."""
    # A mistake here must not exhaust the memory of the machine.
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
        is_expected = 'crash.txt' not in sentence
        return Verdict(1, (sentence,), '' if is_expected else sentence[-300:])
    return Verdict()


def _dataset(bids: Path, options: dict | None) -> Verdict:
    from pvs_workflow.cli.participant import log_selection, select_scans
    from pvs_workflow.inputs.metadata import Sidecars
    from pvs_workflow.settings import Settings

    settings = Settings(
        bids_dir=bids,
        output_dir=bids.parent / 'out',
        analysis_level='participant',
        run_id='run',
        skip_bids_validation=True,
        **(options or {}),
    )
    with _logged_errors() as messages:
        selection = select_scans(settings)
        log_selection(selection)
    good = [scan for scan in selection.scans if scan.participant == 'good']
    harm = ''
    paths = [bids / f'sub-good/anat/sub-good_{kind}.nii.gz' for kind in ('T2w', 'T1w')]
    if [(scan.t2w, scan.t1w, scan.flair) for scan in good] != [(*paths, None)]:
        harm = f'the good participant has {good}'
    for scan in selection.scans:
        facts = Sidecars(bids).read(scan.t2w) | {'Sources': scan.sources(bids)}
        text = json.dumps(facts, allow_nan=False, ensure_ascii=False).encode()
        if len(text) > 10_000 or not all(
            f.isprintable() for f in facts.values() if isinstance(f, str)
        ):
            harm = harm or 'unreadable facts of the scanner'
    if len({scan.name for scan in selection.scans}) < len(selection.scans):
        harm = harm or 'two scans have the same name in the graph'
    return Verdict(1 if selection.missing else 0, tuple(messages), '', harm)


def _bundle(path: Path, argument) -> Verdict:
    from pvs_workflow.networks.bundle import load_bundle
    from pvs_workflow.networks.engine import configure_tensorflow

    # As in the app: TensorFlow cannot change its threads later.
    configure_tensorflow(threads=1, seed=0)
    load_bundle(path)
    return Verdict()


def _group(out: Path, argument) -> Verdict:
    from pvs_workflow.derivatives.description import describe_outputs
    from pvs_workflow.group import collect_group

    collected = collect_group(out, out.parent / 'bids')
    describe_outputs(out)
    table = (out / 'group_potter.tsv').read_text(encoding='utf-8')
    page = (out / 'group_potter.html').read_text(encoding='utf-8')
    harm = ''
    if 'sub-good' not in table:
        harm = 'the good participant is not in the table'
    if '<script>alert' in page or '"javascript:' in page:
        harm = 'the page has a script from the input'
    if len(page) > 5_000_000:
        harm = f'the page has {len(page)} characters'
    messages = *collected.problems, *collected.warnings
    return Verdict(1 if collected.problems else 0, messages, '', harm)


def _result(out: Path, argument) -> Verdict:
    from pvs_workflow.derivatives.results import read_results

    found = read_results(out)
    problems = found.problems
    names = [result.grade['participant_id'] for result in found.results]
    harm = '' if 'sub-good' in names else 'the good participant is missing'
    return Verdict(1 if problems else 0, tuple(problems), '', harm)


def _ratings(out: Path, path: Path) -> Verdict:
    from pvs_workflow.group import collect_group

    collected = collect_group(out, None, [path])
    return Verdict(1 if collected.problems else 0, collected.problems)


def _page(out: Path, argument) -> Verdict:
    from pvs_workflow.cli.reports import write_pages

    with _logged_errors() as messages:
        succeeded = write_pages(out, ['bad', 'good'])
    pages = [(out / f'sub-{label}.html') for label in ('bad', 'good')]
    harm = '' if all(page.is_file() for page in pages) else 'a page is missing'
    if not harm:
        text = pages[0].read_text(encoding='utf-8')
        if '<script>alert' in text or len(text) > 20_000_000 or 'root:x:0' in text:
            harm = f'the page has {len(text)} characters or content of the input'
    return Verdict(0 if succeeded else 1, tuple(messages), '', harm)


def _settings(out: Path, path: Path) -> Verdict:
    from pvs_workflow.settings import load_settings

    load_settings(path)
    return Verdict()


def _config(out: Path, path: Path) -> Verdict:
    from pvs_workflow.cli.parser import parse_args

    words = [out.parent / 'bids', out, 'participant', '--config-file', path]
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(io.StringIO()):
        try:
            settings = parse_args(list(map(str, words)))
        except SystemExit as end:
            lines = stderr.getvalue().splitlines()
            errors = tuple(line for line in lines if line.startswith('pvs_workflow: error: '))
            harm = '' if end.code else 'the command exits with 0'
            return Verdict(end.code or 0, errors, '', harm)
    folders = (settings.bids_dir, settings.output_dir)
    harm = '' if folders == (out.parent / 'bids', out) else f'the settings have {folders}'
    return Verdict(harm=harm)


def _plugin(out: Path, path: Path) -> Verdict:
    from pvs_workflow.execution.queues import read_plugin_file

    read_plugin_file(path)
    return Verdict()


def _script(out: Path, paths: dict[str, Path]) -> Verdict:
    from pvs_workflow.cli.job_array import write_slurm
    from pvs_workflow.settings import Settings

    paths = {'output_dir': out, 'work_dir': out / 'work'} | paths
    settings = Settings(
        bids_dir=out.parent / 'bids', analysis_level='participant', run_id='run', **paths
    )
    write_slurm(settings, ['good', 'other'])
    # Run it as a task, with an app that prints its arguments.
    script = settings.write_slurm
    text = re.sub('^command=.*$', 'command=(printf %s/)', script.read_text('utf-8'), flags=re.M)
    process = subprocess.run(
        ['bash', '-c', text],
        env={'PATH': os.environ['PATH'], 'SLURM_ARRAY_TASK_ID': '1', 'SLURM_CPUS_PER_TASK': '1'},
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )
    work = settings.work_dir / 'sub-good'
    expected = f'{settings.bids_dir}/{settings.output_dir}/participant/'
    harm = process.stderr
    if not (process.stdout.startswith(expected) and f'/--work-dir/{work}/' in process.stdout):
        harm = harm or f'the arguments of the app are {process.stdout!r}'
    (log,) = re.findall('^#SBATCH --output=(.*)$', text, re.M)
    if log.strip('"').replace('%%', '%') != f'{settings.output_dir}/logs/slurm/jobs_%A_%a.log':
        harm = harm or f'the log is {log}'
    if files := list(out.rglob('*hacked')):
        harm = harm or f'it left {files}'
    return Verdict(harm=harm)


READERS = {
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
"""Functions that read an input, by the name of the reader."""


def _from_error(error: Exception) -> Verdict:
    from pvs_workflow.errors import PVSError

    if isinstance(error, PVSError):
        return Verdict(error.exit_code, (str(error),))
    return Verdict(1, (), f'{type(error).__name__}: {str(error)[:300]}')


@contextlib.contextmanager
def _logged_errors():
    """Collect the error messages that are logged in the block."""
    messages: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: messages.append(record.getMessage())
    log = logging.getLogger('pvs_workflow')
    log.addHandler(handler)
    try:
        yield messages
    finally:
        log.removeHandler(handler)


def main(readers: list[str]) -> int:
    """Print the outcomes of all inputs, or of those of some readers, as lines of JSON."""
    skipped = int(readers.pop()) if readers and readers[-1].isdecimal() else 0
    chosen = [case for case in all_cases() if not readers or case.reader in readers][skipped:]
    handled = 0
    for case, verdict in run_all(chosen):
        problems = find_problems(case, verdict)
        handled += not problems
        line = {'case': case.title, 'problems': problems, **asdict(verdict)}
        print(json.dumps(line), flush=True)
    print(f'{handled} of {len(chosen)} bad inputs handled as promised', file=sys.stderr)
    return 0 if handled == len(chosen) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
