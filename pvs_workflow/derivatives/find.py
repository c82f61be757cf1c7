"""Find the tables of results in a folder of derivatives that other programs may also write to."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.inputs.dataset import is_label


@dataclass(frozen=True)
class FoundFiles:
    """Files of results.

    Attributes
    ----------
    paths : tuple of Path
        Sorted paths.
    copies : tuple of Path
        Files that look like copies, for example ``sub-01_desc-potter_grade (1).tsv``.
    problems : tuple of str
        A sentence for each folder that cannot be read.

    """

    paths: tuple[Path, ...]
    copies: tuple[Path, ...]
    problems: tuple[str, ...]


def find_files(
    output_dir: Path, ends: Sequence[str], participants: Sequence[str] | None = None
) -> FoundFiles:
    """Find the files with some ends in ``sub-X/anat`` and ``sub-X/ses-Y/anat``.

    Hidden files are ignored, such as ``._x`` (macOS), ``.nfs…`` (NFS) and ``.~lock…``.
    Files whose names do not match their folders are copies, as programs make them that
    synchronise folders.

    Parameters
    ----------
    output_dir : Path
    ends : sequence of str
        Ends of file names, such as ``_desc-potter_grade.tsv``.
    participants : sequence of str, optional
        Names of the participants' folders; default all.

    Returns
    -------
    FoundFiles

    """
    paths, copies, problems = [], [], []
    if participants is None:
        participants = [name for name in _list(output_dir, problems) if name.startswith('sub-')]
    parts = [(Path(end).stem, Path(end).suffix) for end in ends]
    for participant in participants:
        for anat, labels in _anat_folders(output_dir / participant, problems):
            start = '_'.join(labels) + '_'
            is_copied = any(not is_label(label[4:]) for label in labels)
            for name in _list(anat, problems):
                if name.endswith(tuple(ends)) and name.startswith(start) and not is_copied:
                    paths.append(anat / name)
                elif any(stem in name and name.endswith(suffix) for stem, suffix in parts):
                    copies.append(anat / name)
    return FoundFiles(tuple(sorted(paths)), tuple(sorted(copies)), tuple(problems))


def _anat_folders(subject: Path, problems: list[str]) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders with results of a participant, and the labels in their paths."""
    names = _list(subject, problems)
    if 'anat' in names:
        yield subject / 'anat', [subject.name]
    for name in names:
        session = subject / name
        if name.startswith('ses-') and 'anat' in _list(session, problems):
            yield session / 'anat', [subject.name, name]


def _list(folder: Path, problems: list[str]) -> list[str]:
    """Return the sorted names in a folder that are not hidden; none if it is not a folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name[0] not in '.~')
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        problems.append(_explain_unreadable(folder, error))
        return []


def _explain_unreadable(folder: Path, error: OSError) -> str:
    return (
        f'{folder} cannot be read, its results are left out: {error.strerror or error}; '
        'check its permissions'
    )
