"""Read times of acquisition from ``scans.tsv``, other tables and JSON files of a dataset."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath

from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_json_object
from pvs_workflow.tsv import read_tsv

_DICOM = re.compile(r'(\d{8})[ T]?(\d{2})?:?(\d{2})?:?(\d{2})?(\.\d*)?([+-]\d{4})?')
_DATED = ('Acquisition', 'Series', 'Study')


def parse_time(text: str) -> datetime | None:
    """Return the time in a text of BIDS or DICOM, without its zone; None for other texts.

    Examples
    --------
    >>> [str(parse_time(text)) for text in ('1925-01-31T10:20:30.5Z', '20200131', '31.1.2020')]
    ['1925-01-31 10:20:30.500000', '2020-01-31 00:00:00', 'None']

    """
    text = text.strip().replace('/', '-')
    try:
        if match := _DICOM.fullmatch(text):
            day, hour, minute, second, _, _ = match.groups(default='')
            return datetime.strptime(day + (hour + minute + second).ljust(6, '0'), '%Y%m%d%H%M%S')
        time = datetime.fromisoformat(text)
        # Times with and without a zone cannot be subtracted from each other.
        return (time.astimezone(UTC) if time.tzinfo else time).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def sidecar_time(sidecar: Mapping) -> datetime | None:
    """Return the time of acquisition in the JSON file of an image; None without a date."""
    texts = [sidecar.get('AcquisitionDateTime')]
    for key in _DATED:
        day, clock = (sidecar.get(f'{key}{part}') for part in ('Date', 'Time'))
        if isinstance(day, str | int):
            texts += [f'{day}T{clock}', str(day)]
    times = (parse_time(text) for text in texts if isinstance(text, str))
    return next(filter(None, times), None)


def read_sidecar(bids_dir: Path, image: str | None) -> dict:
    """Return the JSON file next to an image; empty if it cannot be read.

    Parameters
    ----------
    bids_dir : Path
    image : str, optional
        Path relative to ``bids_dir``, as in the tables of results. No file outside ``bids_dir`` is
        read.

    """
    path = PurePosixPath(image or '')
    if not path.name or path.is_absolute() or '..' in path.parts:
        return {}
    stem = path.name.removesuffix('.gz').removesuffix('.nii')
    return read_json_object(Path(bids_dir, path).with_name(f'{stem}.json'))


def table_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table as text by column; none if it cannot be read."""
    try:
        content = read_tsv(path, ragged=True)
    except PVSError:
        return
    for cells in content.rows:
        yield dict(zip(content.columns, cells, strict=True))


def scans_times(folder: Path, stem: str) -> dict[str, datetime]:
    """Return the known times in a ``scans.tsv``, by the file as it is named there."""
    times = {
        row.get('filename', '').strip(): parse_time(row.get('acq_time', ''))
        for row in table_rows(folder / f'{stem}_scans.tsv')
    }
    return {name: time for name, time in times.items() if time}


def is_same_acquisition(bids_dir: Path, one: str | None, two: str | None) -> bool:
    """Return whether the dataset says that two images were reconstructed from one acquisition.

    They were if their JSON files have the same series, or the same time of acquisition and no
    different dates, or if ``scans.tsv`` has one time for both. A time that all files of a session
    share is that of the session, and midnight stands for an unknown time.

    Parameters
    ----------
    bids_dir : Path
    one, two : str, optional
        Paths relative to ``bids_dir``.

    """
    first, second = (read_sidecar(bids_dir, image) for image in (one, two))
    if _text(first, 'SeriesInstanceUID', second):
        return True
    clock = _text(first, 'AcquisitionTime', second)
    moment = parse_time(_text(first, 'AcquisitionDateTime', second))
    if any(digit in clock for digit in '123456789') or (moment and _has_clock(moment)):
        return len({_day(first), _day(second)} - {None}) < 2
    return _share_time_in_scans(Path(bids_dir), one or '', two or '')


def _text(first: Mapping, key: str, second: Mapping) -> str:
    """Return a text that two JSON files share, or an empty one."""
    text = first.get(key)
    return text if isinstance(text, str) and text == second.get(key) else ''


def _day(sidecar: Mapping) -> date | None:
    time = sidecar_time(sidecar)
    return time.date() if time else None


def _has_clock(time: datetime) -> bool:
    return time.time() != datetime.min.time()


def _share_time_in_scans(bids_dir: Path, one: str, two: str) -> bool:
    times: dict[str, datetime] = {}
    for image in map(PurePosixPath, (one, two)):
        labels = [part for part in image.parts[:-2] if part.startswith(('sub-', 'ses-'))]
        if '..' not in image.parts and labels:
            of_session = scans_times(bids_dir.joinpath(*labels), '_'.join(labels))
            times |= {PurePosixPath(name).name: time for name, time in of_session.items()}
    first, second = (times.get(PurePosixPath(image).name) for image in (one, two))
    is_of_session = len(times) > 2 and len(set(times.values())) == 1
    return first is not None and first == second and _has_clock(first) and not is_of_session
