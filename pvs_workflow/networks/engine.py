"""TensorFlow, started once per process with settings that make results repeat.

Nothing else in the package imports tensorflow or keras directly, and nothing here does so
before it is called.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pvs_workflow.errors import PVSError

ONEDNN = '1'
"""oneDNN changes the last digits of a convolution, so it is neither left to a default nor to
the user's shell; it is on because it halves the time of a training step."""

ENVIRONMENT = {
    'KERAS_BACKEND': 'tensorflow',
    'TF_ENABLE_ONEDNN_OPTS': ONEDNN,
    'CUDA_VISIBLE_DEVICES': '-1',
    'TF_CPP_MIN_LOG_LEVEL': '3',
}
"""Variables that every process with TensorFlow has; threads are :func:`configure_tensorflow`'s."""


def load_tensorflow() -> ModuleType:
    """Import tensorflow under the pinned environment, on one thread unless it is configured."""
    os.environ.update(ENVIRONMENT)
    first = 'tensorflow' not in sys.modules
    with _quiet_stderr():
        import tensorflow

    # It warns of networks that are compiled one after another, as those of folds are.
    tensorflow.get_logger().setLevel('ERROR')
    if first:
        # A network that is built before that would start TensorFlow on all processors.
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep what TensorFlow's libraries print while they load, whatever their log level, off."""
    if 'tensorflow' in sys.modules:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open('wb') as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def load_keras() -> ModuleType:
    """Import keras, on tensorflow, with the defaults that a user's ``keras.json`` could change."""
    load_tensorflow()
    import keras

    keras.config.set_image_data_format('channels_last')
    keras.config.set_floatx('float32')
    keras.config.set_dtype_policy('float32')
    return keras


def configure_tensorflow(threads: int = 1, seed: int = 0) -> None:
    """Fix the number of threads and the seed, and choose repeatable kernels.

    To be called before a model is built or loaded: TensorFlow cannot change its threads later.

    Parameters
    ----------
    threads : int
        Threads within one operation, ≥ 1; operations run one after another.
    seed : int
        For keras, numpy's and python's global generators; what keras draws weights from.

    Raises
    ------
    PVSError
        If TensorFlow runs already, on another number of threads.

    """
    tensorflow = load_tensorflow()
    threading = tensorflow.config.threading
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        received = threading.get_intra_op_parallelism_threads()
        if (received, threading.get_inter_op_parallelism_threads()) != (threads, 1):
            raise PVSError(
                f'TensorFlow already runs with {received} threads, {threads} are needed; start a '
                'new Python session'
            ) from error
    tensorflow.config.experimental.enable_op_determinism()
    load_keras().utils.set_random_seed(seed)


def versions() -> dict[str, str]:
    """Return the versions that a model's numbers depend on, for its card."""
    import numpy

    from pvs_workflow import __version__

    return {
        'pvs_workflow': __version__,
        'tensorflow': load_tensorflow().__version__,
        'keras': load_keras().__version__,
        'numpy': numpy.__version__,
    }
