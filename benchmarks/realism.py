"""Compare simulated with real T2w: noise, detail, contrasts and spectra of the basal ganglia.

RESULTS is the output of the participant level on real scans. LABEL_MAPS is a folder of label maps
with FreeSurfer's numbers. ePVS are excluded from all statistics: those that
``simulation.spots.without_spots`` detects, and in simulated scans also the true ones.
"""

from itertools import count, islice, pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import nibabel as nb
import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, gaussian_filter

from benchmarks.harness import command, command_line, print_progress, write_record
from pvs_workflow.lab.simulation.acquisition import draw_protocol, record
from pvs_workflow.lab.simulation.backgrounds import surroundings
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.simulation.person import cohort_burden, draw_anatomy, draw_person
from pvs_workflow.lab.simulation.session import detailed_scene, draw_t2w_grid
from pvs_workflow.lab.simulation.spots import without_spots
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.noise import estimate_noise
from pvs_workflow.science.roi import roi_labels, structure_values
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab
from pvs_workflow.science.slices import FIELD_OF_VIEW, IMAGE_SHAPE, cut_image, find_views

SEED = 4711
GROUPS = {  # acquisition, uses label maps, has slices like the real ones, people
    'matched': ('varied', True, True, 8),
    'varied': ('varied', True, False, 6),
    'varied, template only': ('varied', False, False, 3),
    'paper': ('paper', True, False, 3),
}
MATCHED_RANGES = ((0.5, 0.62), (3.0, 4.0))
"""Ranges of pixel size and slice thickness of the real scans, mm, for the group 'matched'."""
N_PANELS = {'real': 5, 'matched': 5, 'varied': 2, 'varied, template only': 2, 'paper': 2}
TISSUES = ('caudate', 'pallidum', 'internal capsule', 'thalamus')
BAND = (0.08, 0.80)  # cycles per mm: above the anatomy's shape, below the image's limit
SOURCE = 'Real: Lesjak et al. 2016, Neuroinformatics, CC BY'


def statistics(t2w, structures, epvs, affine) -> dict[str, float]:
    """Return the statistics of one canonical T2w; ``epvs`` labels the known ePVS."""
    n = slices_per_slab(affine)
    t2w, structures, epvs = average_slabs(t2w, n), slab_labels(structures, n), slab_labels(epvs, n)
    affine = slab_affine(affine, n)
    pixel = float(np.linalg.norm(affine[:3, 0]))

    def inner(*names):
        values = structure_values('L', *names) + structure_values('R', *names)
        return binary_erosion(np.isin(structures, values), np.ones((3, 3, 1)))

    volume = t2w / np.median(t2w[inner('putamen')])
    roi = roi_labels(structures) > 0
    noise = estimate_noise(volume, roi)
    spots = without_spots(volume, roi, noise, pixel) != volume.astype(np.float32)
    spots |= binary_dilation(epvs > 0, np.ones((3, 3, 1)))
    inside = binary_erosion(roi, np.ones((3, 3, 1))) & ~spots
    fine, coarse = (_smooth(volume, ~spots, width / pixel) for width in (1.0, 3.0))
    detail, texture = _spread((volume - fine)[inside]), _spread((fine - coarse)[inside])
    out = {
        'noise': estimate_noise(volume, inside & ~binary_dilation(spots, np.ones((3, 3, 1)))),
        'detail under 1 mm': detail,
        'texture, 1 to 3 mm': texture,
        'high-frequency share': detail**2 / (detail**2 + texture**2),
    }
    unit = np.median(volume[inner('putamen') & ~spots])
    for name in TISSUES:
        out[f'{name} / putamen'] = np.median(volume[inner(name) & ~spots]) / unit
    out['fluid / putamen'] = np.percentile(volume[inner('lateral ventricle')], 90) / unit
    filled = np.where(spots, fine, volume)
    views = find_views(roi_labels(structures))
    slopes = [_slope(cut_image(filled, affine, view)) for view in views]
    out['spectral slope'] = float(np.median(slopes))
    return {name: float(value) for name, value in out.items()}


def _smooth(volume: np.ndarray, valid: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth the valid pixels of each slice."""
    widths = (sigma, sigma, 0)
    weight = gaussian_filter(valid.astype(float), widths)
    return gaussian_filter(volume * valid, widths) / np.maximum(weight, 1e-6)


def _spread(values: np.ndarray) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _slope(image: np.ndarray) -> float:
    """Return the exponent of the radial power spectrum, under a Hann window."""
    window = np.hanning(IMAGE_SHAPE[0])[:, None] * np.hanning(IMAGE_SHAPE[1])
    power = np.abs(np.fft.fft2((image - image.mean()) * window)) ** 2
    steps = (width / n for width, n in zip(FIELD_OF_VIEW, IMAGE_SHAPE, strict=True))
    axes = [np.fft.fftfreq(n, step) for n, step in zip(IMAGE_SHAPE, steps, strict=True)]
    radius = np.hypot(axes[0][:, None], axes[1])
    edges = np.geomspace(*BAND, 13)
    rings = [(radius >= a) & (radius < b) for a, b in pairwise(edges)]
    middle = np.sqrt(edges[1:] * edges[:-1])
    return float(np.polyfit(np.log(middle), np.log([power[ring].mean() for ring in rings]), 1)[0])


def read_real(results: Path) -> list[tuple]:
    """Return title, T2w, structures, ePVS (none known) and affine of every session."""
    out = []
    for path in sorted(results.glob('sub-*/**/*_space-T2w_desc-structures_dseg.nii.gz')):
        stem = path.name.removesuffix('_space-T2w_desc-structures_dseg.nii.gz')
        images = [nb.load(path.with_name(f'{stem}_desc-preproc_T2w.nii.gz')), nb.load(path)]
        t2w, structures = (to_canonical(np.asarray(i.dataobj), i.affine) for i in images)
        box = surroundings(roi_labels(structures[0]) > 0, t2w[1])
        data, labels = t2w[0][box].astype(float), structures[0][box].astype(np.uint8)
        affine = t2w[1].copy()
        affine[:3, 3] += affine[:3, :3] @ [part.start for part in box]
        out.append((stem, data, labels, np.zeros(labels.shape, np.uint8), affine))
    return out


def simulate(acquisition: str, anatomies: tuple[Path, ...], number: int) -> tuple:
    """Return title, T2w, structures, ePVS and affine of one simulated participant.

    The volumes cover the surroundings of the basal ganglia.
    """
    rng = np.random.default_rng([SEED, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    scene = detailed_scene(
        draw_person(rng, anatomy, t2w, acquisition, cohort_burden(acquisition)), t2w
    )
    protocol = scene.protocol
    recorded = record(rng, scene.signal(), scene.grid, protocol).astype(float)
    title = f'{protocol.pixel:.2f} × {protocol.thickness:.1f} mm, SNR {protocol.snr:.0f}'
    return title, recorded, scene.structures, scene.visible(), scene.grid.affine


def main() -> None:
    """Measure real and simulated scans, write the statistics, and draw the figure."""
    parser = command_line(__doc__, 'realism.json')
    parser.add_argument('results', type=Path)
    parser.add_argument('label_maps', type=Path)
    parser.add_argument('--figure', type=Path, default=Path('docs/images/realism.png'))
    args = parser.parse_args()
    measured, rows = {}, []
    for group in ('real', *GROUPS):
        group_statistics = []
        for number, item in enumerate(_people(group, args.results, args.label_maps)):
            group_statistics.append(statistics(*item[1:]))
            values = {name: round(value, 3) for name, value in group_statistics[-1].items()}
            print_progress(f'{group} {number} {values}')
            if number < N_PANELS[group]:
                roi = roi_labels(item[2])
                images = cut_six(item[1], roi, item[4], Preprocessing(outside='keep'))[1]
                rows.append((f'{group}\n{item[0]}', images))
        measured[group] = group_statistics
    summary = {
        name: {group: _range([one[name] for one in parts]) for group, parts in measured.items()}
        for name in measured['real'][0]
    }
    numbers = {group: len(parts) for group, parts in measured.items()}
    content = {'number': numbers, 'statistics': summary}
    write_record(args.out, command('realism', args, 'results', 'label_maps'), content, SEED)
    draw(rows, args.figure)


def _people(group: str, results: Path, maps: Path):
    if group == 'real':
        yield from read_real(results)
        return
    acquisition, labelled, matched, people = GROUPS[group]
    anatomies = tuple(find_label_maps(maps)) if labelled else ()
    numbers = (n for n in count(1) if not matched or _is_matched(acquisition, n))
    for number in islice(numbers, people):
        yield simulate(acquisition, anatomies, number)


def _is_matched(acquisition: str, number: int) -> bool:
    """Return whether a participant's scan has pixels and slices like the real ones."""
    protocol = draw_protocol(np.random.default_rng([SEED, number]), acquisition, 'T2w')
    values = (protocol.pixel, protocol.thickness)
    return all(
        low <= value <= high for value, (low, high) in zip(values, MATCHED_RANGES, strict=True)
    )


def _range(values: list[float]) -> dict[str, float]:
    names = {'median': np.median, 'low': np.min, 'high': np.max}
    return {name: round(float(function(values)), 3) for name, function in names.items()}


def draw(rows: list[tuple[str, np.ndarray]], figure: Path) -> None:
    """Draw rows of six images, in the intensity window of the cascade."""
    sheet, axes = plt.subplots(len(rows), 6, figsize=(8.4, 1.52 * len(rows)))
    for line, (title, images) in zip(axes, rows, strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image.T, origin='lower', cmap='gray', vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
        line[0].set_ylabel(title, fontsize=6)
    sheet.text(0.01, 0.003, SOURCE, fontsize=6)
    sheet.subplots_adjust(
        left=0.06, right=0.995, top=0.995, bottom=0.015, hspace=0.03, wspace=0.03
    )
    figure.parent.mkdir(parents=True, exist_ok=True)
    sheet.savefig(figure, dpi=110)
    plt.close(sheet)


if __name__ == '__main__':
    main()
