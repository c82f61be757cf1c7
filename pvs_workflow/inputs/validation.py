"""Run the BIDS validator on the files that a run reads, and log what it reports."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pvs_workflow.errors import one_line
from pvs_workflow.files import read_text

log = logging.getLogger('pvs_workflow')

_MAX_SECONDS, _MAX_SECONDS_EACH = 60.0, 0.2
"""Maximum time to wait for the validator, in all and per participant; eight times the usual."""
_COMMAND = 'bids-validator-deno'


@contextmanager
def validating(bids_dir: Path, participants: Sequence[str]) -> Iterator[None]:
    """Validate the top level and participants' anatomical files of a dataset during the block.

    Errors are counted in one warning at the end of the block, and listed in the log. They do not
    stop the run, which checks itself what it reads.

    The validator runs in parallel to the block, because it takes about a second to start. It
    works offline, on a temporary folder of links to these files, so its cost does not depend on
    the rest of the dataset. It does not write to the dataset.
    """
    with ExitStack() as stack:
        try:
            scratch = Path(
                stack.enter_context(
                    tempfile.TemporaryDirectory(prefix='pvs_workflow-', ignore_cleanup_errors=True)
                )
            )
            link_dataset(Path(bids_dir).absolute(), participants, scratch / 'dataset')
            process = _start_validator(scratch)
        except OSError as error:
            _warn_of_failure(error)
            yield
            return
        stack.callback(process.wait)
        stack.callback(process.kill)
        yield
        try:
            process.wait(_MAX_SECONDS + _MAX_SECONDS_EACH * len(participants))
            issues = _read_issues(process, scratch)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            _warn_of_failure(error)
        else:
            _log_issues(issues)


def _warn_of_failure(error: Exception) -> None:
    log.warning(
        'the BIDS validator failed, so the dataset is not validated: %s; repair it or use '
        '--skip-bids-validation',
        one_line(error),
    )


def link_dataset(bids_dir: Path, participants: Sequence[str], target: Path) -> None:
    """Create a dataset of links to top-level files and the participants' anatomical files.

    ``scans.tsv`` files are left out, because they also name files that are not linked.
    ``participants.tsv`` is copied with the rows of these participants only, so that its size and
    errors in other rows do not matter.
    """
    folders = ['.']
    for participant in participants:
        subject = f'sub-{participant}'
        sessions = sorted(path.name for path in (bids_dir / subject).glob('ses-*'))
        folders += [subject, f'{subject}/anat']
        folders += [f'{subject}/{session}{end}' for session in sessions for end in ('', '/anat')]
    for folder in folders:
        try:
            paths = [path for path in (bids_dir / folder).iterdir() if _is_usable(path)]
        except OSError:
            continue  # it is missing, or this user may not read it
        (target / folder).mkdir(parents=True, exist_ok=True)
        for path in paths:
            if not path.name.endswith('_scans.tsv'):
                (target / folder / path.name).symlink_to(path)
    _shorten_table(target / 'participants.tsv', participants)


def _is_usable(path: Path) -> bool:
    """Return whether the validator can read a path; it would read a pipe or device forever."""
    if path.is_symlink() and not path.exists():
        return True  # the validator reports it
    return path.is_file() and os.access(path, os.R_OK)


def _shorten_table(link: Path, participants: Sequence[str]) -> None:
    """Replace the link to a table by the participants' rows, in UTF-8.

    The validator crashes on UTF-16.
    """
    labels = {f'sub-{label}' for label in participants}
    try:
        text = read_text(link)
    except OSError:
        return
    except ValueError:
        link.unlink()
        return
    header, *rows = text.rstrip('\n').split('\n')
    columns = header.split('\t')
    if 'participant_id' in columns:
        column = columns.index('participant_id')
        # A row that lacks the column stays, so that the validator reports it.
        rows = [row for row in rows if set(row.split('\t')[column : column + 1]) <= labels]
        text = '\n'.join([header, *rows, ''])
    link.unlink()
    link.write_text(text, encoding='utf-8')


def _start_validator(scratch: Path) -> subprocess.Popen:
    installed = Path(sys.executable).parent / _COMMAND
    options = ['--format', 'json', '--ignoreWarnings', '--ignoreNiftiHeaders']
    # Deno writes a cache, but in containers HOME is often missing or read-only.
    environment = os.environ | {
        'DENO_DIR': str(scratch / 'deno'),
        'DENO_NO_UPDATE_CHECK': '1',
        'HOME': str(scratch),
        'NO_COLOR': '1',
    }
    # A pipe could fill up while the block runs.
    with (scratch / 'output').open('wb') as output:
        return subprocess.Popen(
            [
                installed if installed.exists() else _COMMAND,
                scratch / 'dataset',
                *options,
                '--outfile',
                scratch / 'report.json',
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _read_issues(process: subprocess.Popen, scratch: Path) -> list[dict]:
    """Return the validator's issues, or raise ValueError with the first line of its output."""
    try:
        report = json.loads((scratch / 'report.json').read_text(encoding='utf-8'))
        return report['issues']['issues']
    except (OSError, ValueError, KeyError, TypeError) as error:
        output = (scratch / 'output').read_text(encoding='utf-8', errors='replace')
        first = next(filter(str.strip, output.splitlines()), 'no message')
        raise ValueError(f'exit code {process.returncode}, {first}') from error


def _log_issues(issues: Sequence[dict]) -> None:
    """Log the number of errors of each code as a warning, and the errors for the log file."""
    errors = [issue for issue in issues if issue.get('severity') == 'error']
    # The validator repeats some errors.
    lines = {_describe(issue): str(issue.get('code')) for issue in errors}
    for line in sorted(lines):
        log.debug('BIDS validator: %s', line)
    if lines:
        codes = Counter(sorted(lines.values()))
        counts = [f'{number} × {code}' for code, number in codes.most_common()]
        log.warning(
            'the BIDS validator reports errors, which do not stop the run: %s; the log file '
            'lists them',
            ', '.join(counts),
        )


def _describe(issue: dict) -> str:
    parts = [issue.get('code'), issue.get('subCode'), issue.get('issueMessage')]
    where = (issue.get('location') or '').lstrip('/') or 'the dataset'
    return one_line(f'{where}: {" ".join(str(part) for part in parts if part)}')
