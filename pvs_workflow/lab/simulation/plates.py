"""Plates: pre-rendered slices of one hemisphere, from which training images are drawn.

Rendering an anatomy takes seconds, choosing some of its ePVS and adding noise takes milliseconds.
A plate is therefore rendered once, with many ePVS, and ``exposures.py`` draws images from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from pvs_workflow.lab.simulation.acquisition import Protocol, blur_in_plane
from pvs_workflow.lab.simulation.person import draw_anatomy, draw_person
from pvs_workflow.lab.simulation.rendering import Spot
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.simulation.session import detailed_scene, draw_t2w_grid
from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import (
    FIELD_OF_VIEW,
    HEMISPHERES,
    N_SLICES,
    View,
    find_views,
    roi_centre,
)

MARGIN_MM = 10.0
"""Margin around the field of view, mm, so that rotated images contain tissue up to the edge."""
CROWDS = (12, 25, 45, 75, 110)
"""Numbers of ePVS in a plate; one is drawn for each hemisphere. Where there are many, they are
finer and lean less, so a subset of many does not look like a few."""
CALIBRES = (0.8, 1.4)
"""Range of the factor applied to their median diameter, to cover scanners and populations."""
MIN_AREA = 200.0
"""Minimum ROI area of a plate, mm²; half of it for the six images."""
MAX_EXTRA = 2
"""Maximum number of plates of a hemisphere in addition to the three chosen slices."""


@dataclass(frozen=True)
class Plate:
    """One hemisphere of one slice, and the ePVS that it can show.

    Attributes
    ----------
    participant : str
    view : View
        Position of the image in the arrays.
    chosen : bool
        Whether this is one of the person's six images.
    tissue : (x, y) array of float16
        Signal without ePVS, with the blur of the acquisition.
    roi : (x, y) array of bool
    spots : tuple of Spot
        ePVS with the blur of the acquisition; slice index 0.
    fluid : float
    protocol : Protocol
        Noise and artefacts that an exposure adds.
    recorded : bool
        Whether the tissue is a real scan, which has noise.

    """

    participant: str
    view: View
    chosen: bool
    tissue: np.ndarray
    roi: np.ndarray
    spots: tuple[Spot, ...]
    fluid: float
    protocol: Protocol
    recorded: bool = False


def person_plates(
    seed: int, number: int, acquisition: str = 'varied', anatomies: tuple[Path, ...] = ()
) -> list[Plate]:
    """Render the plates of a simulated person, who depends on ``seed`` and ``number`` only.

    ``anatomies`` are label maps to choose from, in addition to the template.
    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    person = draw_person(rng, anatomy, t2w, acquisition, draw_crowds, rng.uniform(*CALIBRES))
    return cut_plates(rng, f'{seed}-{number:04d}', detailed_scene(person, t2w))


def draw_crowds(rng: np.random.Generator, n_slices: int) -> np.ndarray:
    """Draw the number of ePVS of each hemisphere from `CROWDS`, the same for all slices."""
    return np.repeat(rng.choice(CROWDS, (2, 1)), n_slices, axis=1)


def cut_plates(
    rng: np.random.Generator, participant: str, scene: Scene, recorded: bool = False
) -> list[Plate]:
    """Cut the images of a scene, with a margin, into plates.

    The generator selects the slices in addition to the six images; ``recorded`` marks the tissue
    as a real scan.
    """
    roi = roi_labels(scene.structures)
    areas = {s: np.count_nonzero(roi == v, axis=(0, 1)) for s, v in HEMISPHERES.items()}
    pixel_area = float(np.prod(scene.grid.sizes[:2]))
    views = [
        view
        for view in find_views(roi)
        if areas[view.hemisphere][view.slice_index] * pixel_area >= MIN_AREA / 2
    ]
    out = [_cut(participant, view, True, scene, roi, recorded) for view in views]
    for side, area in areas.items():
        chosen = {view.slice_index for view in views if view.hemisphere == side}
        others = [z for z in np.flatnonzero(area * pixel_area >= MIN_AREA) if z not in chosen]
        for z in rng.permutation(others)[:MAX_EXTRA]:
            view = view_around(roi == HEMISPHERES[side], side, int(z))
            out.append(_cut(participant, view, False, scene, roi, recorded))
    return out


def view_around(mask: np.ndarray, hemisphere: str, z: int) -> View:
    """Return the view of any slice of a hemisphere's ROI, centred as in the method.

    The centre is that of up to three slices around it. The rank is 0, because the method does not
    choose this slice.
    """
    first = max(min(z - 1, mask.shape[2] - N_SLICES), 0)
    return View(hemisphere, z, 0, roi_centre(mask[:, :, first : first + N_SLICES]))


def crop_around(view: View, sizes: np.ndarray) -> tuple[Callable, np.ndarray, View]:
    """Return a function that crops an image with a margin of `MARGIN_MM`, for rotations.

    Parameters
    ----------
    view : View
        Position of the image in a volume.
    sizes : (3,) array
        Voxel sizes of the volume, mm.

    Returns
    -------
    crop : callable
        Crops an (x, y) array; takes the mode of :func:`numpy.pad` beyond its edge.
    corner : (2,) array of int
        First pixel of the crop; may be negative.
    cropped_view : View
        Position of the image in the crop; its slice index is 0.

    """
    half = np.ceil((np.array(FIELD_OF_VIEW) / 2 + MARGIN_MM) / sizes[:2]).astype(int) + 1
    corner = np.floor(view.centre).astype(int) - half
    window = tuple(slice(c + h, c + 3 * h + 1) for c, h in zip(corner, half, strict=True))
    x, y = np.array(view.centre) - corner

    def crop(plane: np.ndarray, mode: str = 'constant') -> np.ndarray:
        return np.pad(plane, [(h, h) for h in half], mode=mode)[window]

    return crop, corner, View(view.hemisphere, 0, view.rank, (float(x), float(y)))


def _cut(participant, view: View, chosen: bool, scene: Scene, roi, recorded: bool) -> Plate:
    crop, corner, cropped_view = crop_around(view, scene.grid.sizes)
    z, blur = view.slice_index, scene.protocol.blur
    side = roi[:, :, z] == HEMISPHERES[view.hemisphere]
    tissue = crop(blur_in_plane(scene.tissue[:, :, z], blur), mode='edge').astype(np.float16)
    spots = []
    for spot in scene.spots:
        first = np.array(spot.corner) - corner
        inside = (first >= 0).all() and (first + spot.volume.shape <= tissue.shape).all()
        if spot.slice_index == z and inside and side[spot.box[:2]][_peak(spot)]:
            volume = gaussian_filter(spot.volume, blur) if max(blur) else spot.volume
            spots.append(Spot(spot.tube, 0, (int(first[0]), int(first[1])), volume))
    return Plate(
        participant,
        cropped_view,
        chosen,
        tissue,
        crop(side),
        tuple(spots),
        scene.fluid,
        scene.protocol,
        recorded,
    )


def _peak(spot: Spot) -> tuple[int, int]:
    return np.unravel_index(int(spot.volume.argmax()), spot.volume.shape)
