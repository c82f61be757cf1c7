"""The order of a person's sessions, and when they were: ``sessions.tsv``."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pvs_workflow.files import read_text
from pvs_workflow.inputs.dataset import natural_key


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
        stream = io.StringIO(read_text(path, encoding='utf-8-sig'), newline='')
        rows = list(csv.DictReader(stream, delimiter='\t', quoting=csv.QUOTE_NONE))
    except (OSError, ValueError, csv.Error):
        return {}
    times = {}
    for row in rows:
        try:
            when = datetime.fromisoformat((row.get('acq_time') or '').strip())
        except ValueError:
            continue
        label = 'ses-' + str(row.get('session_id') or '').strip().removeprefix('ses-')
        # Distances alone are used; times with and without a zone cannot be subtracted.
        times[label] = when.replace(tzinfo=None)
    return times
