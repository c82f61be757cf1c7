"""Put the sessions of a participant in order by their acquisition times or their labels."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath

from pvs_workflow.inputs.acquisition_times import (
    parse_time,
    read_sidecar,
    scans_times,
    sidecar_time,
    table_rows,
)
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.inputs.session_labels import sort_sessions


@dataclass(frozen=True)
class SessionOrder:
    """Sessions of a participant.

    Attributes
    ----------
    times : mapping of str to datetime
        The sessions with ``ses-``, in order, with their times; None for an unknown time.
    source : {'times', 'labels', ''}
        What the order comes from. If it is empty, the order is not known, and the sessions are
        sorted by label.

    """

    times: Mapping[str, datetime | None]
    source: str


def order_sessions(
    bids_dir: Path | None,
    participant: str,
    labels: Iterable[str],
    t2w: Mapping[str, str] | None = None,
) -> SessionOrder:
    """Put a participant's sessions in order.

    Times are those of ``sessions.tsv``, else of ``scans.tsv``, else of the JSON files of the T2w.
    These are never mixed, because the dates of one of them may be shifted to protect people. The
    order is that of the times if all are known and different, else that of the labels if they
    name points in time and agree with the known times.

    Parameters
    ----------
    bids_dir : Path, optional
        The raw dataset.
    participant : str
        Label with ``sub-``.
    labels : iterable of str
        Sessions with ``ses-``.
    t2w : mapping of str to str, optional
        A T2w of each session, relative to the dataset.

    Returns
    -------
    SessionOrder

    """
    labels = sorted(labels, key=natural_key)
    known = _read_times(bids_dir, participant, labels, t2w or {})
    if len(known) == len(labels) and len(set(known.values())) == len(labels):
        return SessionOrder(dict(sorted(known.items(), key=lambda item: item[1])), 'times')
    ranked = sort_sessions(label.removeprefix('ses-') for label in labels)
    order = [f'ses-{label}' for label in ranked or ()]
    in_order = [known[label] for label in order if label in known]
    is_known = ranked is not None and all(one <= two for one, two in pairwise(in_order))
    times = {label: known.get(label) for label in (order if is_known else labels)}
    return SessionOrder(times, 'labels' if is_known else '')


def _read_times(
    bids_dir: Path | None, participant: str, labels: list[str], t2w: Mapping[str, str]
) -> dict[str, datetime]:
    """Return the times of the first source that has those of most sessions."""
    # Labels come from the results; no file outside the participant's folder is read.
    names = (participant, *labels)
    if bids_dir is None or any(PurePosixPath(name).name != name for name in names):
        return {}
    bids_dir, best = Path(bids_dir), {}
    sources = (
        _times_in_sessions(bids_dir / participant, labels),
        _times_in_scans(bids_dir / participant, labels),
        ((label, sidecar_time(read_sidecar(bids_dir, t2w.get(label)))) for label in labels),
    )
    for source in sources:
        times = {label: time for label, time in source if time}
        if len(times) > len(best) and not _are_placeholders(times.values()):
            best = times
        if len(best) == len(labels):
            break
    return best


def _times_in_sessions(subject: Path, labels: list[str]) -> Iterator[tuple[str, datetime | None]]:
    """Yield the times in ``sub-X_sessions.tsv``."""
    for row in table_rows(subject / f'{subject.name}_sessions.tsv'):
        label = f'ses-{row.get("session_id", "").strip().removeprefix("ses-")}'
        if label in labels:
            yield label, parse_time(row.get('acq_time', ''))


def _times_in_scans(subject: Path, labels: list[str]) -> Iterator[tuple[str, datetime | None]]:
    """Yield the time of each session in ``scans.tsv``: of its T2w, else of its first file."""
    shared = scans_times(subject, subject.name)
    for label in labels:
        times = scans_times(subject / label, f'{subject.name}_{label}')
        times |= {name: time for name, time in shared.items() if label in name.split('/')}
        t2w = [time for name, time in times.items() if '_T2w.nii' in name]
        yield label, min(t2w or times.values(), default=None)


def _are_placeholders(times: Collection[datetime]) -> bool:
    """Return whether all dates are one 1 January, which programs write in place of dates."""
    days = {time.date() for time in times}
    return len(times) > 1 and len(days) == 1 and all((d.month, d.day) == (1, 1) for d in days)
