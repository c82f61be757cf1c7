"""Compact sessions for example data: cropped, without noise in air, in eight bits."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

from pvs_workflow.lab.simulation.acquisition import GAIN
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.session import Session, SimulatedScan

LEVELS = {'T2w': 46, 'T1w': 30, 'FLAIR': 32}
"""Intensity of the putamen (in T1w, of white matter). At these levels the noise spans one to two
intensity steps; finer steps would only store more noise."""
_HEAD = 0.17  # threshold over the putamen's signal, above noise in air, below skin and marrow
_MARGIN = 3  # voxels of air around the head


def head_mask(data: np.ndarray) -> np.ndarray:
    """Return a mask of the head: the largest bright object, with holes filled in every slice.

    ``data`` is an (x, y, z) array in which the putamen has the intensity `GAIN`.
    """
    bright = gaussian_filter(data.astype(np.float32), (2.5, 2.5, 0.7)) > _HEAD * GAIN
    bright = binary_closing(np.pad(bright, 4), np.ones((5, 5, 1)), iterations=2)
    bright = bright[4:-4, 4:-4, 4:-4]
    objects, number = label(bright)
    if number == 0:
        return bright
    head = objects == np.bincount(objects.ravel())[1:].argmax() + 1
    for z in range(head.shape[2]):
        head[:, :, z] = binary_fill_holes(head[:, :, z])
    return head


def compact_scan(
    scan: SimulatedScan, level: float
) -> tuple[SimulatedScan, tuple[slice, slice, slice]]:
    """Crop a scan to the head in plane, set air to 0, and rescale it to eight bits.

    Parameters
    ----------
    scan : SimulatedScan
    level : float
        Intensity that `GAIN` is mapped to.

    Returns
    -------
    scan : SimulatedScan
    box : tuple of slice
        Cropped region of the input array.

    """
    head = head_mask(scan.data)
    box = []
    for axis, n in enumerate(scan.data.shape[:2]):
        index = np.flatnonzero(head.any(axis=(1 - axis, 2)))
        box.append(slice(max(0, index[0] - _MARGIN), min(n, index[-1] + 1 + _MARGIN)))
    box = (*box, slice(0, scan.data.shape[2]))
    small = np.clip(np.round(scan.data[box] * (level / GAIN)), 0, 255)
    small = np.where(head[box], small, 0).astype(np.uint8)
    grid = Grid(scan.data.shape, scan.affine)
    cropped = grid.box(tuple(axis.start for axis in box), small.shape)
    return replace(scan, data=small, affine=cropped.affine), box


def compact_session(session: Session) -> Session:
    """Compact all scans of a session, and crop its truth like the T2w; counts do not change."""
    scans = {
        contrast: compact_scan(scan, LEVELS[contrast]) for contrast, scan in session.scans.items()
    }
    box = scans['T2w'][1]
    return replace(
        session,
        scans={contrast: scan for contrast, (scan, _) in scans.items()},
        structures=session.structures[box],
        roi=session.roi[box],
        epvs=session.epvs[box],
    )
