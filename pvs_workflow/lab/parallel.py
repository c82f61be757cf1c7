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

    Processes are spawned, because TensorFlow does not survive a fork. Linear algebra runs on one
    thread for any number of jobs: the number of threads affects the last digits of its sums.

    Parameters
    ----------
    function : callable
        A function at module level (or a partial of one) if there is more than one job.
    items : iterable
    n_jobs : int, ≥ 1
        Number of single-threaded processes; with 1, the items are processed in this process.
    label : callable
        Returns the name of an item for error messages.
    progress : callable
        Called after each item with the number of items done.

    Raises
    ------
    ResourceError
        If a process is killed.
    Exception
        Any error of the function, with a note that names the item.

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
                    f'a worker process was killed before {label(item)} was done; '
                    'repeat the command, with fewer processes if memory ran out'
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
