"""Blinded sheet of images for raters, with the table to fill in and the key."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from pvs_workflow import data
from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.results import Result
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import read_rows
from pvs_workflow.raters.ratings import KEY
from pvs_workflow.report.reading_images import RawImage, read_images
from pvs_workflow.report.rendering import GRADE_WORDS, write_page

FOLDER = 'reading'
"""Folder for the raters; it does not contain the key."""

SHEET, RATINGS = 'reading_sheet', 'reading_ratings'
MAX_PICTURE_CHARACTERS = 14_000_000
"""Maximum size of the pictures of one page; further T2w are moved to the next page."""

_IDENTITY = ('participant_id', 'session_id', 't2w')
_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
_CODE_LENGTH = 8
"""Codes of consonants cannot be words, and spreadsheets do not read them as numbers or dates."""


def write_reading_sheet(
    output_dir: Path, results: Sequence[Result], seed: int
) -> tuple[list[Path], list[str]]:
    """Write the sheet, the table to fill in, and the key.

    T2w are in random order, and images have random codes. Both depend on the seed and on the
    model's counts, which raters do not have, so the seed alone does not reveal identities. An
    earlier table or key that differs is renamed, not overwritten.

    Parameters
    ----------
    output_dir : Path
        The derivatives; its folder ``reading`` is for the raters.
    results : sequence of Result
    seed : int

    Returns
    -------
    written : list of Path
    problems : list of str
        A message for each T2w that is missing from the sheet.

    Raises
    ------
    PVSError
        If no T2w can be shown, or a file cannot be written.

    """
    folder = output_dir / FOLDER
    written, problems, keys, page, remaining = [], [], [], [], MAX_PICTURE_CHARACTERS
    for result, codes in _shuffle(results, seed):
        try:
            images = read_images(result)
        except PVSError as error:
            problems.append(f'{error} (it is missing from the reading sheet)')
            continue
        size = sum(len(image.uri) for image in images)
        if page and size > remaining:
            written.append(_write_page(folder, len(written) + 1, page))
            page, remaining = [], MAX_PICTURE_CHARACTERS
        page.append((len(keys) + 1, list(zip(codes, images, strict=True))))
        remaining -= size
        keys.append(_key_rows(result, codes, images))
    if not keys:
        raise PVSError(
            f'{output_dir} has no images for a reading sheet: '
            f'{problems[0] if problems else "run the participant level first"}'
        )
    written.append(_write_page(folder, len(written) + 1, page))
    for path in set(folder.glob(f'{SHEET}*.html')) - set(written):
        path.unlink()  # further pages of an earlier sheet
    key = pd.concat(keys, ignore_index=True)
    written += _write_and_keep_old(key, output_dir / KEY, 'reading_key')
    blank = key[['image_id']].reindex(columns=list(describe_columns('reading_ratings')))
    table = folder / f'{RATINGS}.tsv'
    if _image_codes(table) != list(key['image_id']):  # otherwise it may contain ratings
        written += _write_and_keep_old(blank, table, 'reading_ratings')
    return written, problems


def _shuffle(results: Sequence[Result], seed: int) -> Iterable[tuple[Result, tuple[str, ...]]]:
    """Yield the T2w in random order, with a code for each image."""
    results = sorted(results, key=lambda item: [item.grade[name] or '' for name in _IDENTITY])
    secret = hashlib.sha256(str(seed).encode())
    for result in results:
        secret.update(repr(tuple(result.grade[name] for name in _IDENTITY)).encode())
        secret.update(np.array([row['count'] for row in result.counts], float).tobytes())
    rng = np.random.default_rng(np.frombuffer(secret.digest(), np.uint32))
    used: set[str] = set()
    for index in rng.permutation(len(results)):
        codes: list[str] = []
        while len(codes) < len(results[index].counts):
            code = ''.join(rng.choice(list(_LETTERS), _CODE_LENGTH))
            if code not in used:
                codes.append(code)
                used.add(code)
        yield results[index], tuple(codes)


def _key_rows(result: Result, codes: Sequence[str], images: Sequence[RawImage]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            'image_id': codes,
            **{name: result.grade[name] for name in _IDENTITY},
            'hemisphere': [image.hemisphere for image in images],
            'slice': [image.slice for image in images],
            'slice_rank': [image.rank for image in images],
        }
    )


def _write_page(folder: Path, part: int, cases: Sequence[tuple[int, list]]) -> Path:
    """Write one page of numbered cases; each has the codes and images of a T2w."""
    suffix = '' if part == 1 else f'_{part}'
    return write_page(
        folder / f'{SHEET}{suffix}.html',
        'reading.html.j2',
        cases=cases,
        part=part,
        n_images=sum(len(images) for _, images in cases),
        grades=GRADE_WORDS,
        sheet_style=Markup(data.path('report', 'reading.css').read_text(encoding='utf-8')),
        scripts=['reading.js'],
        download=f'{RATINGS}{suffix}.tsv',
    )


def _write_and_keep_old(frame: pd.DataFrame, path: Path, table: str) -> list[Path]:
    """Write a table; rename an existing one that differs, because it may contain ratings."""
    before = path.read_bytes() if path.is_file() else None
    old = _free_name(path)
    if before is not None:
        path.replace(old)
    written = list(write_table(frame, path, table))
    if before is None:
        return written
    if before == path.read_bytes():
        old.unlink()
        return written
    return [*written, old]


def _image_codes(path: Path) -> list[str]:
    """Return the codes in an existing table of ratings; empty if it cannot be read."""
    try:
        return read_rows(path, lambda line, row: row.get('image_id', ''))
    except PVSError:
        return []


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f'{path.stem}_old-{number:03d}.tsv')).exists():
        number += 1
    return name
