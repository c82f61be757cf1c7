"""Plates: a hemisphere's slice with more ePVS than wanted, exposed again and again to train on.

Rendering an anatomy takes seconds, choosing among its ePVS and adding noise takes milliseconds.
A plate is rendered once, crowded; each exposure shows some of its ePVS, at its own fluid signal,
noise and movement, together with what can be counted then.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import FIELD_OF_VIEW, HEMISPHERES, View, find_views, view_around
from pvs_workflow.simulation.acquisition import Protocol, add_noise, add_ripples, blur_in_plane
from pvs_workflow.simulation.burden import LARGEST_TRAINING_COUNT
from pvs_workflow.simulation.person import draw_anatomy, draw_person
from pvs_workflow.simulation.rendering import Spot, label_visible
from pvs_workflow.simulation.scene import Scene
from pvs_workflow.simulation.session import detailed_scene, draw_t2w_grid

MARGIN_MM = 10.0
"""Kept around an image's field of view, so that turning it brings in real tissue."""
CROWDS = (12, 25, 45, 70)
"""ePVS that a plate is asked to hold, one of these for each hemisphere: where there are many, they
are finer and lean less, so that a part of a crowd does not look like a few."""
CALIBRES = (0.8, 1.4)
"""Range of the factor on their median diameter: a scanner's and a population's may differ."""
MIN_AREA = 200.0
"""Square millimetres of ROI from which a slice becomes a plate."""
MAX_EXTRA = 2
"""Plates of each hemisphere beside the three slices that the method chooses."""
FLUID = (0.8, 1.1)
"""Range of an exposure's fluid signal, over the plate's."""
OWN_FLUID = (0.75, 1.0)
"""Range of each ePVS' signal, over the exposure's fluid."""


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
    """Render the plates of one simulated person.

    Parameters
    ----------
    seed : int
    number : int
        Person ``number`` of ``seed`` is always the same.
    acquisition : {'paper', 'varied'}
    anatomies : tuple of Path
        Label maps that the person may have.

    Returns
    -------
    list of Plate

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

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses which slices are taken beside the six images.
    participant : str
    scene : Scene
    recorded : bool
        Whether the scene's tissue is a real scan.

    Returns
    -------
    list of Plate

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


def _cut(participant, view: View, chosen: bool, scene: Scene, roi, recorded: bool) -> Plate:
    sizes = scene.grid.sizes[:2]
    half = np.ceil((np.array(FIELD_OF_VIEW) / 2 + MARGIN_MM) / sizes).astype(int) + 1
    corner = np.floor(view.centre).astype(int) - half
    shape = 2 * half + 1
    z, blur = view.slice_index, scene.protocol.blur
    side = roi[:, :, z] == HEMISPHERES[view.hemisphere]
    tissue = blur_in_plane(scene.tissue[:, :, z], blur)
    before = np.maximum(-corner, 0)
    after = np.maximum(corner + shape - np.array(tissue.shape), 0)
    pads = list(zip(before, after, strict=True))
    window = tuple(
        slice(int(c + b), int(c + b + n)) for c, b, n in zip(corner, before, shape, strict=True)
    )
    spots = []
    for spot in scene.spots:
        place = np.array(spot.corner) - corner
        inside = (place >= 0).all() and (place + spot.volume.shape <= shape).all()
        if spot.slice_index == z and inside and side[spot.box[:2]][_peak(spot)]:
            volume = gaussian_filter(spot.volume, blur) if max(blur) else spot.volume
            spots.append(Spot(spot.tube, 0, (int(place[0]), int(place[1])), volume))
    x, y = np.array(view.centre) - corner
    return Plate(
        participant,
        View(view.hemisphere, 0, view.rank, (float(x), float(y))),
        chosen,
        np.pad(tissue, pads, mode='edge')[window].astype(np.float16),
        np.pad(side, pads)[window],
        tuple(spots),
        scene.fluid,
        scene.protocol,
        recorded,
    )


def _peak(spot: Spot) -> tuple[int, int]:
    return np.unravel_index(int(spot.volume.argmax()), spot.volume.shape)


def draw_count(rng: np.random.Generator, most: int = LARGEST_TRAINING_COUNT) -> int:
    """Draw how many ePVS an exposure is to show, of those that there are.

    Flat over all counts, or over the upper half of what the plate has, which looks as it grew.
    Low counts come mostly from plates that hold few.
    """
    most = min(most, LARGEST_TRAINING_COUNT)
    return int(rng.integers(most // 2 if rng.random() < 0.5 else 0, most + 1))


def expose(plate: Plate, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Record a plate with some of its ePVS.

    Parameters
    ----------
    plate : Plate
    rng : numpy.random.Generator
    count : int
        ePVS to show; fewer where the plate has no more.

    Returns
    -------
    plane : (x, y) array of float32
        Signal, in multiples of the putamen's.
    labels : (x, y) array of int16
        What can be counted, one integer each.

    """
    fluid = plate.fluid * rng.uniform(*FLUID)
    noise = 1 / plate.protocol.snr
    if plate.recorded:
        extra = noise * rng.choice([0.0, 1.0]) * rng.uniform(0, 1)
    else:
        extra = noise = float(noise * np.exp(rng.uniform(-0.3, 0.3)))
    tissue = plate.tissue.astype(np.float32)
    shown = [
        replace(spot, volume=spot.volume * np.float32(rng.uniform(*OWN_FLUID)))
        for spot in _choose(plate, rng, count, fluid, noise)
    ]
    volume = np.zeros(tissue.shape, np.float32)
    for spot in shown:
        volume[spot.box[:2]] += spot.volume
    volume = np.minimum(volume, 1)
    signal = tissue * (1 - volume) + np.float32(fluid) * volume
    if plate.protocol.ghost > 0:
        signal = add_ripples(rng, signal[..., np.newaxis], plate.protocol.ghost)[..., 0]
    if extra > 0:
        how = plate.protocol
        truncation = (1.0, 1.0) if plate.recorded else how.truncation
        signal = add_noise(rng, signal, extra, how.noise_blur, truncation)
    labels = label_visible(
        shown,
        tissue[..., np.newaxis],
        fluid,
        (0.0, 0.0),
        float(np.hypot(noise, extra)) if plate.recorded else noise,
        plate.roi[..., np.newaxis].astype(np.uint8),
    )
    return signal.astype(np.float32), labels[..., 0].astype(np.int16)


def _choose(plate, rng, count, fluid, noise) -> list[Spot]:
    """Choose ePVS, near each other or all over, and some too faint to count."""
    if not plate.spots:
        return []
    peaks = np.array([spot.volume.max() for spot in plate.spots])
    bright = peaks * (fluid - 1) >= max(0.25, 4 * noise)
    index = np.flatnonzero(bright)
    centres = np.array([np.add(s.corner, np.array(s.volume.shape) / 2) for s in plate.spots])
    keys = rng.random(len(plate.spots))
    if index.size and rng.random() < 0.35:
        away = np.linalg.norm(centres - centres[rng.choice(index)], axis=1) * plate.protocol.pixel
        keys = keys * np.exp(away / 8.0)
    chosen = index[np.argsort(keys[index])][:count]
    faint = np.flatnonzero(~bright)
    number = rng.binomial(faint.size, rng.uniform(0, 0.6)) if faint.size else 0
    faint = rng.permutation(faint)[:number]
    return [plate.spots[i] for i in (*chosen, *faint)]
