"""Warnings of the group level: one sentence for all cases of a kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from pvs_workflow.inputs.sessions import SessionOrder

_LISTED = 3


def absent_warning(images: Sequence[str], bids_dir: Path | None) -> list[str]:
    """Return a warning about results whose T2w are no longer in the dataset, if there are any."""
    if not images:
        return []
    names = list_names([PurePosixPath(image).name for image in images])
    return [
        f'{len(images)} results are of T2w that are no longer in {bids_dir} ({names}); delete '
        'results of T2w that were withdrawn or renamed'
    ]


def order_warning(orders: Mapping[str, SessionOrder]) -> list[str]:
    """Return a warning about participants whose sessions cannot be put in order, if any."""
    unknown = {name: order.times for name, order in orders.items() if not order.source}
    if not unknown:
        return []
    participant, sessions = next(iter(unknown.items()))
    return [
        f'the order of sessions is unknown in {len(unknown)} participants ({participant}: '
        f'{list_names(sessions)}), so their changes are n/a; add acq_time to their sessions.tsv'
    ]


def copies_warning(paths: Sequence[Path]) -> list[str]:
    """Return a warning about files that look like copies of results, if there are any."""
    if not paths:
        return []
    names = list_names([f'{path.parent.parent.name}/…/{path.name}' for path in paths])
    return [
        f'{len(paths)} files look like copies of results and are ignored ({names}); '
        'keep one of each'
    ]


def list_names(names: Sequence[str]) -> str:
    """Return at most three names as text, with the number of the others.

    Examples
    --------
    >>> list_names(['a', 'b', 'c', 'd', 'e'])
    'a, b, c and 2 more'

    """
    names = list(names)
    more = f' and {len(names) - _LISTED} more' if len(names) > _LISTED else ''
    return ', '.join(names[:_LISTED]) + more
