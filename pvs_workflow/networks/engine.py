"""Start TensorFlow once per process with settings that make results reproducible.

Only this module imports tensorflow and keras, and only when one of its functions is called.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pvs_workflow.errors import PVSError

ONEDNN = '1'
"""State of oneDNN, on because it halves the time of a training step.

It changes the last digits of convolutions, so it is set regardless of default and environment.
"""

ENVIRONMENT = {
    'KERAS_BACKEND': 'tensorflow',
    'TF_ENABLE_ONEDNN_OPTS': ONEDNN,
    'CUDA_VISIBLE_DEVICES': '-1',
    'TF_CPP_MIN_LOG_LEVEL': '3',
}
"""Environment variables of a process that uses TensorFlow."""


def load_tensorflow() -> ModuleType:
    """Import tensorflow with :data:`ENVIRONMENT`, on one thread unless configured otherwise."""
    os.environ.update(ENVIRONMENT)
    first = 'tensorflow' not in sys.modules
    with _quiet_stderr():
        import tensorflow

    # Silence warnings about networks compiled in sequence, such as those of folds.
    tensorflow.get_logger().setLevel('ERROR')
    if first:
        # Otherwise building a network would start TensorFlow on all processors.
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Suppress the messages of TensorFlow's libraries while they load."""
    if 'tensorflow' in sys.modules:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with Path(os.devnull).open('wb') as null:
            os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def load_keras() -> ModuleType:
    """Import keras on tensorflow, with defaults that override the user's ``keras.json``."""
    load_tensorflow()
    import keras

    keras.config.set_image_data_format('channels_last')
    keras.config.set_floatx('float32')
    keras.config.set_dtype_policy('float32')
    return keras


def configure_tensorflow(threads: int = 1, seed: int = 0) -> None:
    """Set the number of threads and the seed, and select deterministic kernels.

    Call this before building or loading a model: TensorFlow cannot change its threads later.

    Parameters
    ----------
    threads : int
        Threads within one operation, ≥ 1; operations run one after another.
    seed : int
        Seed of the global generators of keras, numpy and python, from which weights are drawn.

    Raises
    ------
    PVSError
        If TensorFlow already runs with another number of threads.

    """
    tensorflow = load_tensorflow()
    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        current = threading.get_intra_op_parallelism_threads()
        if (current, threading.get_inter_op_parallelism_threads()) != (threads, 1):
            raise PVSError(
                f'TensorFlow already runs with {current} threads instead of {threads}; start a '
                'new Python session'
            ) from error
    tensorflow.config.experimental.enable_op_determinism()
    load_keras().utils.set_random_seed(seed)


def versions() -> dict[str, str]:
    """Return the software versions that affect a model's results, for its card."""
    import numpy

    from pvs_workflow import __version__

    return {
        'pvs_workflow': __version__,
        'tensorflow': load_tensorflow().__version__,
        'keras': load_keras().__version__,
        'numpy': numpy.__version__,
    }
