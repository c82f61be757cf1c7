"""Map a function over items in spawned processes."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial

from threadpoolctl import threadpool_limits

from pvs_workflow.errors import ResourceError


def parallel_map(
    function: Callable,
    items: Iterable,
    n_jobs: int,
    label: Callable = str,
    progress: Callable[[int], None] = lambda done: None,
) -> Iterator:
    """Yield the result of a function for each item, in the order of the items.

    Processes are spawned, never forked: TensorFlow does not survive a fork. Linear algebra runs on
    one thread, whatever the number of jobs: its last digits depend on how many share a sum.

    Parameters
    ----------
    function : callable
        With more than one job, a function at module level (or a partial of one).
    items : iterable
    n_jobs : int, ≥ 1
        Processes of one thread each; with 1, everything is done in this process.
    label : callable
        Gives the name of an item for error messages.
    progress : callable
        Called with the number of items done, after each.

    Raises
    ------
    ResourceError
        If a process is killed.
    Exception
        Whatever the function raises, with a note that names the item.

    Examples
    --------
    >>> list(parallel_map(abs, [-1, 2, -3], n_jobs=1))
    [1, 2, 3]

    """
    items = list(items)
    with _results(function, items, n_jobs) as results:
        for done, item in enumerate(items, start=1):
            try:
                result = next(results)
            except BrokenProcessPool as error:
                raise ResourceError(
                    f'A worker process was killed before {label(item)} was done. Use fewer '
                    'processes if the memory is too small for them, and repeat the command.'
                ) from error
            except Exception as error:
                error.add_note(f'While computing {label(item)}.')
                raise
            progress(done)
            yield result


@contextmanager
def _results(function: Callable, items: Sequence, n_jobs: int) -> Iterator[Iterator]:
    function = partial(_on_one_thread, function)
    if n_jobs == 1:
        yield map(function, items)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(min(n_jobs, len(items)) or 1, mp_context=context) as pool:
        yield pool.map(function, items)


def _on_one_thread(function: Callable, item):
    with threadpool_limits(1):
        return function(item)
