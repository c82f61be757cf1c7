"""Plates: a hemisphere's slice with more ePVS than wanted, exposed again and again to train on.

Rendering an anatomy takes seconds, choosing among its ePVS and adding noise takes milliseconds.
A plate is rendered once, crowded; ``exposures.py`` records it with some of its ePVS.
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
"""Kept around an image's field of view, so that turning it brings in real tissue."""
CROWDS = (12, 25, 45, 75, 110)
"""ePVS that a plate is asked to hold, one of these for each hemisphere: where there are many, they
are finer and lean less, so that a part of a crowd does not look like a few."""
CALIBRES = (0.8, 1.4)
"""Range of the factor on their median diameter: a scanner's and a population's may differ."""
MIN_AREA = 200.0
"""Square millimetres of ROI from which a slice becomes a plate."""
MAX_EXTRA = 2
"""Plates of each hemisphere beside the three slices that the method chooses."""


@dataclass(frozen=True)
class Plate:
    """One hemisphere of one slice, and the ePVS that it could show.

    Attributes
    ----------
    participant : str
    view : View
        Where the image lies in the arrays.
    chosen : bool
        Whether it is one of the person's six images.
    tissue : (x, y) array of float16
        Signal without ePVS, blurred as recorded.
    roi : (x, y) array of bool
    spots : tuple of Spot
        Blurred as recorded; slice index 0.
    fluid : float
    protocol : Protocol
        Of the noise and artefacts that an exposure adds.
    recorded : bool
        Whether the tissue is a real scan, with its own noise.

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
    """Render the plates of one simulated person: number ``number`` of ``seed`` is always the same.

    ``anatomies`` are label maps that the person may have.
    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    person = draw_person(rng, anatomy, t2w, acquisition, crowded, rng.uniform(*CALIBRES))
    return cut_plates(rng, f'{seed}-{number:04d}', detailed_scene(person, t2w))


def crowded(rng: np.random.Generator, n_slices: int) -> np.ndarray:
    """Ask for as many ePVS as a plate is to hold, in every slice."""
    return np.repeat(rng.choice(CROWDS, (2, 1)), n_slices, axis=1)


def cut_plates(
    rng: np.random.Generator, participant: str, scene: Scene, recorded: bool = False
) -> list[Plate]:
    """Cut a scene's images, with some room around, into plates.

    The generator chooses which slices are taken beside the six images; ``recorded`` says whether
    the scene's tissue is a real scan.
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
        taken = {view.slice_index for view in views if view.hemisphere == side}
        others = [z for z in np.flatnonzero(area * pixel_area >= MIN_AREA) if z not in taken]
        for z in rng.permutation(others)[:MAX_EXTRA]:
            view = view_around(roi == HEMISPHERES[side], side, int(z))
            out.append(_cut(participant, view, False, scene, roi, recorded))
    return out


def view_around(mask: np.ndarray, hemisphere: str, z: int) -> View:
    """Place an image in any slice of a hemisphere's ROI, as the method places the six images.

    Its centre is that of up to three slices around it; its rank is 0, as the method itself would
    not choose it.
    """
    first = max(min(z - 1, mask.shape[2] - N_SLICES), 0)
    return View(hemisphere, z, 0, roi_centre(mask[:, :, first : first + N_SLICES]))


def crop_around(view: View, sizes: np.ndarray) -> tuple[Callable, np.ndarray, View]:
    """Return how an image is kept with a margin of `MARGIN_MM`, so that it can be turned.

    Parameters
    ----------
    view : View
        Where the image lies in a volume.
    sizes : (3,) array
        Of the volume's voxels, in millimetres.

    Returns
    -------
    crop : callable
        Crops an (x, y) array; takes NumPy's mode of padding for what lies beyond its edge.
    corner : (2,) array of int
        The first pixel that is kept; may be negative.
    place : View
        Where the image lies in what is kept; its slice index is 0.

    """
    half = np.ceil((np.array(FIELD_OF_VIEW) / 2 + MARGIN_MM) / sizes[:2]).astype(int) + 1
    corner = np.floor(view.centre).astype(int) - half
    window = tuple(slice(c + h, c + 3 * h + 1) for c, h in zip(corner, half, strict=True))
    x, y = np.array(view.centre) - corner

    def crop(plane: np.ndarray, mode: str = 'constant') -> np.ndarray:
        return np.pad(plane, [(h, h) for h in half], mode=mode)[window]

    return crop, corner, View(view.hemisphere, 0, view.rank, (float(x), float(y)))


def _cut(participant, view: View, chosen: bool, scene: Scene, roi, recorded: bool) -> Plate:
    crop, corner, place = crop_around(view, scene.grid.sizes)
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
        place,
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
