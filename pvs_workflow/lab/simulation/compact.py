"""Sessions made small, for data that ship: cropped, without the noise in air, in eight bits."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter, label

from pvs_workflow.lab.simulation.acquisition import GAIN
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.session import Session, SimulatedScan

LEVELS = {'T2w': 46, 'T1w': 30, 'FLAIR': 32}
"""Intensity of the putamen (T1w: of white matter). The noise spans one to two steps of these:
finer ones would only store more of it."""
_HEAD = 0.17  # of the putamen's signal: over the noise in air, under skin and marrow
_MARGIN = 3  # voxels of air kept around the head


def head_mask(data: np.ndarray) -> np.ndarray:
    """Return the head: the largest bright object, with its holes filled in every slice.

    The putamen of ``data``, an (x, y, z) array, is at `GAIN`.
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
    """Crop a scan to the head in plane, blank the air, and store it in eight bits.

    Parameters
    ----------
    scan : SimulatedScan
    level : float
        What `GAIN` becomes.

    Returns
    -------
    scan : SimulatedScan
    box : tuple of slice
        What was kept of the array.

    """
    head = head_mask(scan.data)
    box = []
    for axis, n in enumerate(scan.data.shape[:2]):
        where = np.flatnonzero(head.any(axis=(1 - axis, 2)))
        box.append(slice(max(0, where[0] - _MARGIN), min(n, where[-1] + 1 + _MARGIN)))
    box = (*box, slice(0, scan.data.shape[2]))
    small = np.clip(np.round(scan.data[box] * (level / GAIN)), 0, 255)
    small = np.where(head[box], small, 0).astype(np.uint8)
    grid = Grid(scan.data.shape, scan.affine)
    cropped = grid.box(tuple(part.start for part in box), small.shape)
    return replace(scan, data=small, affine=cropped.affine), box


def compact_session(session: Session) -> Session:
    """Make all scans of a session compact, and crop the truth as its T2w; the counts stay."""
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
