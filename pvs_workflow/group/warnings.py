"""Warnings of the group level: one sentence for all cases of a kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from pvs_workflow.errors import one_line
from pvs_workflow.inputs.sessions import SessionOrder

_LISTED = 3


def absent_warning(images: Sequence[str], bids_dir: Path | None) -> list[str]:
    """Return a warning about results whose T2w are no longer in the dataset, if there are any."""
    if not images:
        return []
    names = list_names([PurePosixPath(image).name for image in images])
    return [
        f'results of T2w that are no longer in {bids_dir}: {len(images)} ({names}); delete those '
        'that were withdrawn or renamed'
    ]


def order_warning(orders: Mapping[str, SessionOrder]) -> list[str]:
    """Return a warning about participants whose sessions cannot be put in order, if any."""
    unknown = {name: order.times for name, order in orders.items() if not order.source}
    if not unknown:
        return []
    participant, sessions = next(iter(unknown.items()))
    return [
        'participants whose sessions have no known order, so that changes are n/a: '
        f'{len(unknown)} ({participant}: {list_names(sessions)}); add acq_time to sessions.tsv'
    ]


def copies_warning(paths: Sequence[Path]) -> list[str]:
    """Return a warning about files that look like copies of results, if there are any."""
    if not paths:
        return []
    names = list_names([f'{path.parent.parent.name}/…/{path.name}' for path in paths])
    return [
        f'files that look like copies of results, ignored: {len(paths)} ({names}); keep one of '
        'each'
    ]


def list_names(names: Sequence[str]) -> str:
    """Return at most three names as printable text, with the number of the others.

    Examples
    --------
    >>> list_names(['a', 'b', 'c', 'd', 'e'])
    'a, b, c and 2 more'

    """
    names = [one_line(name) for name in names]
    more = f' and {len(names) - _LISTED} more' if len(names) > _LISTED else ''
    return ', '.join(names[:_LISTED]) + more
