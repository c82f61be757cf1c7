"""The BIDS validator, on what a run reads."""

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
_SHOWN = 3
# One participant's unreadable image must not stop the others: the run itself finds and reports
# it. A table of the participants may well name more than were asked for.
_LEFT_TO_THE_RUN = {'EMPTY_FILE', 'SYMLINK_BROKEN', 'PARTICIPANT_ID_MISMATCH'}


@contextmanager
def validating(bids_dir: Path, participants: Sequence[str]) -> Iterator[None]:
    """Check names and metadata of a dataset's top level and of some participants' anatomy.

    The validator runs next to the block, since it takes about a second to start. It sees a folder
    of links to the files in question only, so that its cost does not depend on the rest of the
    dataset. It works offline, and writes nothing.

    Raises
    ------
    InvalidDatasetError
        At the end of the block, if the validator finds errors.
    PVSError
        If the validator is missing or does not work.

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
        if issue.get('severity') == 'error' and issue.get('code') not in _LEFT_TO_THE_RUN
    ]
    if errors:
        shown = '; '.join(_describe(issue) for issue in errors[:_SHOWN])
        rest = f' and {len(errors) - _SHOWN} more' if len(errors) > _SHOWN else ''
        raise InvalidDatasetError(
            f'{bids_dir} is not a valid BIDS dataset, expected no errors from the BIDS validator, '
            f'received {len(errors)}: {shown}{rest} (--skip-bids-validation leaves this check out)'
        )


def link_dataset(bids_dir: Path, participants: Sequence[str], target: Path) -> None:
    """Make a dataset of links to the top-level files and some participants' anatomical files.

    ``scans.tsv`` files are left out, since they name what is not linked. ``participants.tsv`` has
    the rows of these participants only: its size, and what is wrong with others, do not matter.
    """
    folders = ['.']
    for participant in participants:
        subject = f'sub-{participant}'
        sessions = sorted(path.name for path in (bids_dir / subject).glob('ses-*'))
        folders += [subject, f'{subject}/anat']
        folders += [f'{subject}/{session}{part}' for session in sessions for part in ('', '/anat')]
    for folder in folders:
        source = bids_dir / folder
        if source.is_dir():
            (target / folder).mkdir(parents=True, exist_ok=True)
            for path in source.iterdir():
                if _is_file_or_broken(path) and not path.name.endswith('_scans.tsv'):
                    (target / folder / path.name).symlink_to(path)
    _shorten_table(target / 'participants.tsv', participants)


def _is_file_or_broken(path: Path) -> bool:
    """Tell whether the validator may see it: it would read from a pipe or device for ever."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _shorten_table(link: Path, participants: Sequence[str]) -> None:
    """Replace the link to a table by some participants' rows; an odd table stays."""
    labels = {f'sub-{label}'.encode() for label in participants}
    try:
        if link.stat().st_size > MAX_TEXT:
            return
        header, *rows = link.read_bytes().splitlines(keepends=True)
        column = _cells(header).index(b'participant_id')
    except (OSError, ValueError):
        return
    # A row without the column is an error, whoever it is of.
    kept = [row for row in rows if set(_cells(row)[column : column + 1]) <= labels]
    link.unlink()
    link.write_bytes(b''.join([header, *kept]))


def _cells(row: bytes) -> list[bytes]:
    return row.removeprefix(codecs.BOM_UTF8).rstrip(b'\r\n').split(b'\t')


def _start_validator(command: str, scratch: Path) -> subprocess.Popen:
    options = ['--format', 'json', '--ignoreWarnings', '--ignoreNiftiHeaders', '--no-color']
    # Deno keeps a cache; in containers HOME is often missing or read-only.
    environment = os.environ | {
        'DENO_DIR': str(scratch / 'deno'),
        'DENO_NO_UPDATE_CHECK': '1',
        'HOME': str(scratch),
    }
    # A file, since nobody reads from a pipe while the block runs.
    with (scratch / 'said').open('wb') as said:
        return subprocess.Popen(
            [command, scratch / 'dataset', *options, '--outfile', scratch / 'report.json'],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def _read_issues(command: str, process: subprocess.Popen, scratch: Path) -> list[dict]:
    code = process.wait()
    try:
        report = json.loads((scratch / 'report.json').read_text(encoding='utf-8'))
        return report['issues']['issues']
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = (scratch / 'said').read_text(encoding='utf-8', errors='replace').strip()
        last = text.splitlines()[-1] if text else 'no message'
        raise PVSError(
            f'the BIDS validator {command} did not work, expected a report, received exit code '
            f'{code}: {last} (--skip-bids-validation leaves this check out)'
        ) from error


def _find_validator() -> str:
    beside = Path(sys.executable).parent / _COMMAND
    command = str(beside) if beside.exists() else shutil.which(_COMMAND)
    if command is None:
        raise PVSError(
            f'the BIDS validator cannot be run, expected the command {_COMMAND}, received none '
            '(install bids-validator-deno, or use --skip-bids-validation)'
        )
    return command


def _describe(issue: dict) -> str:
    parts = [issue['code'], issue.get('subCode'), issue.get('issueMessage')]
    where = issue.get('location', '').lstrip('/') or 'the dataset'
    return f'{where}: {" ".join(" ".join(str(part).split()) for part in parts if part)}'
