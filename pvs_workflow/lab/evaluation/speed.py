"""How fast a cascade counts six images once it is warm, and how much memory that takes."""

import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pvs_workflow.networks.bundle import load_bundle
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.science.slices import IMAGE_SHAPE

IMAGES = 6
"""Of one person."""
_STATUS = Path('/proc/self/status')


def measure_speed(bundle: Path, threads: int, repeats: int) -> dict:
    """Time a cascade in a fresh process.

    Parameters
    ----------
    bundle : Path
    threads : int
    repeats : int
        Of which the median is given.

    Returns
    -------
    dict
        ``threads``, ``repeats``; ``median_s``, ``worst_s`` for six images; ``first_s`` with
        loading and tracing; ``peak_memory_gb`` of the process, None where the system does not
        tell.

    """
    with get_context('spawn').Pool(1) as pool:
        return pool.apply(time_cascade, (Path(bundle), threads, repeats))


def time_cascade(bundle: Path, threads: int, repeats: int) -> dict:
    """Time a cascade in this process, which must not have started TensorFlow: see above."""
    configure_tensorflow(threads, 0)
    images = np.random.default_rng(0).random((IMAGES, *IMAGE_SHAPE)).astype(np.float32)
    begin = time.perf_counter()
    cascade = load_bundle(bundle)
    cascade.predict(images)
    first = time.perf_counter() - begin
    took = []
    for _ in range(repeats):
        begin = time.perf_counter()
        cascade.predict(images)
        took.append(time.perf_counter() - begin)
    return {
        'threads': threads,
        'repeats': repeats,
        'median_s': round(float(np.median(took)), 4),
        'worst_s': round(max(took), 4),
        'first_s': round(first, 2),
        'peak_memory_gb': _peak_memory(),
    }


def _peak_memory() -> float | None:
    # Not getrusage: its peak begins with that of the process which started this one.
    if not _STATUS.is_file():
        return None
    lines = _STATUS.read_text().splitlines()
    peak = next((int(line.split()[1]) for line in lines if line.startswith('VmHWM:')), None)
    return None if peak is None else round(peak / 2**20, 2)
