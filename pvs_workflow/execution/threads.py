"""How many threads numerical libraries may use."""


def thread_limits(number: int) -> dict[str, str]:
    """Return the environment variables that bound the threads of OpenMP and OpenBLAS.

    They hold for what is loaded after they are set. OpenBLAS has one of its own, which goes
    before that of OpenMP, and which a user's shell may have set.

    Parameters
    ----------
    number : int

    Examples
    --------
    >>> thread_limits(2)
    {'OMP_NUM_THREADS': '2', 'OPENBLAS_NUM_THREADS': '2'}
    """
    return {name: str(number) for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')}
