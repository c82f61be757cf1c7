"""Run the BIDS validator on the files that a run reads."""

import codecs
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pvs_workflow.errors import InvalidDatasetError, PVSError
from pvs_workflow.files import MAX_TEXT

_COMMAND = 'bids-validator-deno'
_MAX_LISTED = 3
# An unreadable image fails only its own participant, when the run reads it. participants.tsv may
# name participants that are not requested.
_IGNORED_CODES = {'EMPTY_FILE', 'SYMLINK_BROKEN', 'PARTICIPANT_ID_MISMATCH'}


@contextmanager
def validating(bids_dir: Path, participants: Sequence[str]) -> Iterator[None]:
    """Validate the top level and participants' anatomical files of a dataset during the block.

    The validator runs in parallel to the block, because it takes about a second to start. It
    works offline, on a temporary folder of links to these files, so its cost does not depend on
    the rest of the dataset. It does not write to the dataset.

    Raises
    ------
    InvalidDatasetError
        At the end of the block, if the validator reports errors.
    PVSError
        If the validator is not installed or fails.

    """
    bids_dir = Path(bids_dir).absolute()
    command = _find_validator()
    with tempfile.TemporaryDirectory(prefix='pvs_workflow-') as folder:
        scratch = Path(folder)
        link_dataset(bids_dir, participants, scratch / 'dataset')
        process = _start_validator(command, scratch)
        try:
            yield
            issues = _read_issues(command, process, scratch)
        finally:
            process.kill()
            process.wait()
    errors = [
        issue
        for issue in issues
        if issue.get('severity') == 'error' and issue.get('code') not in _IGNORED_CODES
    ]
    if errors:
        listed = '; '.join(_describe(issue) for issue in errors[:_MAX_LISTED])
        rest = f' and {len(errors) - _MAX_LISTED} more' if len(errors) > _MAX_LISTED else ''
        raise InvalidDatasetError(
            f'{bids_dir} is not a valid BIDS dataset, errors: {len(errors)} ({listed}{rest}); '
            'fix them or use --skip-bids-validation'
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
        source = bids_dir / folder
        if source.is_dir():
            (target / folder).mkdir(parents=True, exist_ok=True)
            for path in source.iterdir():
                if _is_file_or_broken(path) and not path.name.endswith('_scans.tsv'):
                    (target / folder / path.name).symlink_to(path)
    _shorten_table(target / 'participants.tsv', participants)


def _is_file_or_broken(path: Path) -> bool:
    """Return whether to link a path; the validator would read a pipe or device forever."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _shorten_table(link: Path, participants: Sequence[str]) -> None:
    """Replace the link to a table by the participants' rows, unless the table is malformed."""
    labels = {f'sub-{label}'.encode() for label in participants}
    try:
        if link.stat().st_size > MAX_TEXT:
            return
        header, *rows = link.read_bytes().splitlines(keepends=True)
        column = _cells(header).index(b'participant_id')
    except (OSError, ValueError):
        return
    # A row that lacks the column stays, so that the validator reports it.
    selected = [row for row in rows if set(_cells(row)[column : column + 1]) <= labels]
    link.unlink()
    link.write_bytes(b''.join([header, *selected]))


def _cells(row: bytes) -> list[bytes]:
    return row.removeprefix(codecs.BOM_UTF8).rstrip(b'\r\n').split(b'\t')


def _start_validator(command: str, scratch: Path) -> subprocess.Popen:
    options = ['--format', 'json', '--ignoreWarnings', '--ignoreNiftiHeaders', '--no-color']
    # Deno writes a cache, but in containers HOME is often missing or read-only.
    environment = os.environ | {
        'DENO_DIR': str(scratch / 'deno'),
        'DENO_NO_UPDATE_CHECK': '1',
        'HOME': str(scratch),
    }
    # A pipe could fill up while the block runs.
    with (scratch / 'output').open('wb') as output:
        return subprocess.Popen(
            [command, scratch / 'dataset', *options, '--outfile', scratch / 'report.json'],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _read_issues(command: str, process: subprocess.Popen, scratch: Path) -> list[dict]:
    code = process.wait()
    try:
        report = json.loads((scratch / 'report.json').read_text(encoding='utf-8'))
        return report['issues']['issues']
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = (scratch / 'output').read_text(encoding='utf-8', errors='replace').strip()
        last = text.splitlines()[-1] if text else 'no message'
        raise PVSError(
            f'the BIDS validator {command} failed with exit code {code}: {last}; repair it or use '
            '--skip-bids-validation'
        ) from error


def _find_validator() -> str:
    path = Path(sys.executable).parent / _COMMAND
    command = str(path) if path.exists() else shutil.which(_COMMAND)
    if command is None:
        raise PVSError(
            f'the BIDS validator is missing; install {_COMMAND} or use --skip-bids-validation'
        )
    return command


def _describe(issue: dict) -> str:
    parts = [issue['code'], issue.get('subCode'), issue.get('issueMessage')]
    where = issue.get('location', '').lstrip('/') or 'the dataset'
    return f'{where}: {" ".join(" ".join(str(part).split()) for part in parts if part)}'
