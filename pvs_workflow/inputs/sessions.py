"""The order of a person's sessions, and when they were: ``sessions.tsv``."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.tsv import read_tsv


def order_sessions(
    bids_dir: Path | None, participant: str, labels: Iterable[str]
) -> dict[str, datetime | None]:
    """Put a participant's sessions in order: by their times if all are known, else by label.

    Parameters
    ----------
    bids_dir : Path, optional
        It may be absent.
    participant : str
        With ``sub-``.
    labels : iterable of str
        With ``ses-``.

    Returns
    -------
    dict
        Session to its time, in order; None where it is not known.

    """
    known = read_session_times(bids_dir, participant)
    times = {label: known.get(label) for label in sorted(labels, key=natural_key)}
    if all(times.values()):
        return dict(sorted(times.items(), key=lambda pair: pair[1]))
    return times


def read_session_times(bids_dir: Path | None, participant: str) -> dict[str, datetime]:
    """Return when a participant's sessions were, by label, where ``sessions.tsv`` tells.

    Parameters
    ----------
    bids_dir : Path, optional
    participant : str
        With ``sub-``.

    Returns
    -------
    dict
        Session (with ``ses-``) to time. Empty where nothing can be read; dates that were shifted
        to protect people keep their distances.

    """
    if bids_dir is None or Path(participant).name != participant:
        return {}
    path = Path(bids_dir) / participant / f'{participant}_sessions.tsv'
    try:
        content = read_tsv(path, ragged=True)
    except PVSError:
        return {}
    times = {}
    for cells in content.rows:
        row = dict(zip(content.columns, cells, strict=True))
        try:
            time = datetime.fromisoformat(row.get('acq_time', '').strip())
        except ValueError:
            continue
        label = f'ses-{row.get("session_id", "").strip().removeprefix("ses-")}'
        # Distances alone are used; times with and without a zone cannot be subtracted.
        times[label] = time.replace(tzinfo=None)
    return times
