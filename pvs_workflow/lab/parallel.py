"""Map a function over items in spawned processes."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from pvs_workflow.errors import ResourceError

ONE_THREAD = {'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
"""Environment of each process: together they use as many threads as there are processes."""


def parallel_map(
    function: Callable,
    items: Iterable,
    n_jobs: int,
    label: Callable = str,
) -> Iterator:
    """Yield the result of a function for each item, in the order of the items.

    Processes are spawned, never forked: TensorFlow does not survive a fork.

    Parameters
    ----------
    function : callable
        With more than one job, a function at module level (or a partial of one).
    items : iterable
    n_jobs : int, ≥ 1
        Processes of one thread each; with 1, everything is done in this process.
    label : callable
        Gives the name of an item for error messages.

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
        for item in items:
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
            yield result


@contextmanager
def _results(function: Callable, items: Sequence, n_jobs: int) -> Iterator[Iterator]:
    if n_jobs == 1:
        yield map(function, items)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(min(n_jobs, len(items)) or 1, mp_context=context) as pool:
        # Processes start while items are submitted; a library reads its threads when it is loaded.
        with _environment(ONE_THREAD):
            results = pool.map(function, items)
        yield results


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
