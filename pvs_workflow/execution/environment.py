"""Environment variables that make results independent of machine, shell and network."""

from pvs_workflow.networks.engine import ENVIRONMENT
from pvs_workflow.registration.engine import ants_environment
from pvs_workflow.settings import Settings


def thread_limits(number: int) -> dict[str, str]:
    """Return the variables that limit the threads of OpenMP and OpenBLAS.

    They affect only libraries that are loaded later. OpenBLAS prefers its own variable to that
    of OpenMP, and a user's shell may have set either.

    Examples
    --------
    >>> thread_limits(2)
    {'OMP_NUM_THREADS': '2', 'OPENBLAS_NUM_THREADS': '2'}
    """
    return {name: str(number) for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')}


def engine_seed(seed: int) -> int:
    """Return a seed above 0, because ITK seeds from the clock if the seed is 0."""
    return max(seed, 1)


def engine_environment(settings: Settings) -> dict[str, str]:
    """Return the variables to set in every process of a run before its first node.

    The variables of Keras and ANTs come from their engine modules; TensorFlow's threads are set
    through its API. This function does not import NumPy, which reads thread limits at import.
    """
    return (
        {'NIPYPE_NO_ET': '1', 'NO_ET': '1', 'MPLBACKEND': 'Agg', 'PYTHONHASHSEED': '0'}
        | ENVIRONMENT
        | ants_environment(engine_seed(settings.random_seed))
        | thread_limits(settings.threads)
    )
