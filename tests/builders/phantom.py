"""A head with bright spots that mark left and right, front and back."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.slices import View, cut_image, find_views

AFFINE = np.diag([1.2, 1.2, 5.0, 1.0])
SHAPE = (140, 170, 12)
LEFT_SPOT = (slice(46, 50), slice(84, 88))  # in the lateral half of the left image
BACK_SPOT = (slice(66, 74), slice(24, 34))


@dataclass(frozen=True)
class Phantom:
    """Volumes of a head, and the six images of its basal ganglia."""

    t2w: np.ndarray
    affine: np.ndarray
    structures: np.ndarray
    roi: np.ndarray
    views: list[View]
    slices: list[int]

    @property
    def images(self) -> np.ndarray:
        cut = [cut_image(self.t2w, self.affine, view) for view in self.views]
        return np.clip(np.array(cut) / 1000, 0, 1)

    @property
    def rois(self) -> np.ndarray:
        cut = [cut_image(self.roi, self.affine, view, order=0) for view in self.views]
        return np.array(cut) > 0


def make_phantom(left_spot: bool = True, back_spot: bool = False) -> Phantom:
    x, y, _ = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing='ij')
    head = ((x - 69.5) / 62) ** 2 + ((y - 84.5) / 78) ** 2 < 1
    t2w = np.where(head, 300.0, 0.0)
    t2w[67:73, 50:120] = 1000  # a ventricle in the middle
    structures = np.zeros(SHAPE, dtype=np.int16)
    structures[44:56, 74:100, 4:8] = 12  # left putamen
    structures[84:96, 74:100, 4:8] = 51  # right putamen
    roi = (structures == 12) + 2 * (structures == 51)
    if left_spot:
        t2w[LEFT_SPOT] = 1000
    if back_spot:
        t2w[BACK_SPOT] = 1000
    views = find_views(roi)
    return Phantom(t2w, AFFINE, structures, roi, views, [view.slice_index for view in views])
