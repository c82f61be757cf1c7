"""Draw a small picture of each step of the method, for the page on how it works.

Usage: python scripts/make_thumbnails.py RESULTS [FOLDER]

RESULTS is what ``make demo`` wrote (out/demo). The pictures show sub-02 of the example data.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from example_results import Example
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.files import atomic_path
from pvs_workflow.report.anatomy import NUCLEUS_COLOURS, grey_window
from pvs_workflow.report.canvas import (
    SIDE_COLOURS,
    WHITE,
    add_panel,
    figure_style,
    mark_edges,
    new_figure,
    outline,
    show_plane,
    write,
)
from pvs_workflow.report.cuts import draw_cuts
from pvs_workflow.report.images import ENHANCED_WINDOW, PIXEL, RAW_WINDOW, draw_instances
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.science.slices import FIELD_OF_VIEW, HEMISPHERES

RAW = Path(__file__).parents[1] / 'bids_examples/template/sub-02/anat/sub-02_T2w.nii.gz'
HEIGHT, GAP, DPI = 2.0, 0.06, 120  # inches, inches, pixels per inch


def cuts(example: Example, volume, roi, places) -> Figure:
    """Draw cuts through the head side by side; each place is an axis and an index in the box."""
    volume, roi = volume[example.box], roi[example.box]
    lengths = np.array(volume.shape) * example.spacing
    sizes = [np.delete(lengths, axis) for axis, _ in places]
    widths = [HEIGHT * width / height for width, height in sizes]
    figure = new_figure(sum(widths) + (len(widths) + 1) * GAP, HEIGHT + 2 * GAP)
    left = GAP
    for (axis, index), width in zip(places, widths, strict=True):
        place = (left, GAP, width, HEIGHT)
        draw_cuts(
            figure, place, volume, roi, example.spacing, axis, [index], example.window, 1.0, 7
        )
        left += width + GAP
    return figure


def draw_orientation(example: Example) -> Figure:
    """Draw three planes of the T2w with their direction letters."""
    raw = example.volume(RAW)
    middle = (np.array(raw[example.box].shape) // 2).tolist()
    return cuts(
        example, raw, np.zeros_like(example.roi), [(axis, middle[axis]) for axis in (2, 1, 0)]
    )


def draw_correction(example: Example) -> Figure:
    """Draw one slice before and after the correction, and the field."""
    raw, z = example.volume(RAW), example.six[0][0].slice_index
    window = grey_window(raw, example.roi)
    x, y, _ = example.box
    planes = {'As scanned': raw, 'Corrected': example.t2w}
    figure, size = axial_figure(example, 3)
    for column, (name, volume) in enumerate(planes.items()):
        axes = panel(figure, column, size, name)
        show_plane(axes, volume[x, y, z], example.spacing[:2], window)
    axes = panel(figure, 2, size, 'Field')
    with np.errstate(divide='ignore', invalid='ignore'):
        field = np.where(example.t2w > 0, raw / example.t2w, np.nan)[x, y, z]
    low, high = np.nanpercentile(field, (2, 98))
    extent = (0, size[0], 0, size[1])
    axes.imshow(field.T, origin='lower', cmap='viridis', vmin=low, vmax=high, extent=extent)
    return figure


def draw_nuclei(example: Example) -> Figure:
    """Draw the segmented nuclei, enlarged, on three slices."""
    structures, (x, y) = example.labels('structures'), close_box(example)
    size = plane_size(example, x, y)
    slices = [view.slice_index for view in example.six[0][:3]]
    figure = new_figure(3 * (size[0] + GAP) + GAP, HEIGHT + 2 * GAP)
    for column, z in enumerate(slices):
        axes = panel(figure, column, size, '')
        show_plane(axes, example.t2w[x, y, z], example.spacing[:2], example.window)
        for structure in STRUCTURES:
            if colour := NUCLEUS_COLOURS.get(structure.name):
                region = structures[x, y, z] == structure.index
                outline(axes, region, example.spacing[:2], colour, 1.0)
        mark_edges(axes, size=7)
    return figure


def draw_alignment(example: Example) -> Figure:
    """Draw the FLAIR next to the T2w, with the same outline."""
    flair = example.volume(f'{example.stem}_space-T2w_desc-preproc_FLAIR.nii.gz')
    z = example.six[0][1].slice_index
    x, y, _ = example.box
    figure, size = axial_figure(example, 2)
    for column, (name, volume) in enumerate({'T2w': example.t2w, 'FLAIR': flair}.items()):
        axes = panel(figure, column, size, name)
        show_plane(axes, volume[x, y, z], example.spacing[:2], grey_window(volume, example.roi))
        sides(axes, example, x, y, z)
    return figure


def draw_roi(example: Example) -> Figure:
    """Draw the ROI in three planes."""
    middle = [int(np.median(index)) for index in np.nonzero(example.roi[example.box])]
    left = int(np.median(np.nonzero(example.roi[example.box] == HEMISPHERES['L'])[0]))
    return cuts(example, example.t2w, example.roi, [(2, middle[2]), (1, middle[1]), (0, left)])


def draw_cutting(example: Example) -> Figure:
    """Draw a slice with two fields of view, and the images that are cut there."""
    views, images = example.six
    x, y, _ = example.box
    size = plane_size(example, x, y)
    small = HEIGHT * FIELD_OF_VIEW[0] / FIELD_OF_VIEW[1]
    figure = new_figure(size[0] + 2 * small + 4 * GAP, HEIGHT + 2 * GAP)
    axes = panel(figure, 0, size, '')
    show_plane(axes, example.t2w[x, y, views[0].slice_index], example.spacing[:2], example.window)
    left = size[0] + 2 * GAP
    for index in (0, 3):
        view, colour = views[index], SIDE_COLOURS[views[index].hemisphere]
        start = np.array([x.start, y.start])
        corner = (np.add(view.centre, 0.5) - start) * example.spacing[:2]
        corner -= np.divide(FIELD_OF_VIEW, 2)
        axes.add_patch(Rectangle(corner, *FIELD_OF_VIEW, fill=False, edgecolor=colour))
        near = add_panel(figure, left, GAP, small, HEIGHT)
        show_plane(near, images[index], PIXEL, RAW_WINDOW)
        mark_edges(near, size=7)
        left += small + GAP
    mark_edges(axes, size=7)
    return figure


def draw_count(example: Example) -> Figure:
    """Draw an image before and after enhancement, and its count."""
    counts = read_table(Path(f'{example.stem}_desc-epvs_counts.tsv'), 'epvs_counts').iloc[0]
    figure, size = image_figure(2)
    show_plane(panel(figure, 0, size, 'Raw'), example.six[1][0], PIXEL, RAW_WINDOW)
    axes = panel(figure, 1, size, 'Enhanced')
    show_plane(axes, example.image('enhanced_T2w'), PIXEL, ENHANCED_WINDOW)
    text = f'{counts["count"]:.1f} [{counts["count_low"]:.0f}–{counts["count_high"]:.0f}]'
    write(axes, 0.97, 0.03, text, 9, ha='right', va='bottom')
    return figure


def draw_detection(example: Example) -> Figure:
    """Draw a raw image without and with the outlined ePVS."""
    raw = example.six[1][0]
    labels = example.image('epvs_dseg', order=0).astype(int)
    roi = example.cut(example.roi == HEMISPHERES['L'], order=0)[0]
    figure, size = image_figure(2)
    show_plane(panel(figure, 0, size, 'Raw'), raw, PIXEL, RAW_WINDOW)
    axes = panel(figure, 1, size, 'Outlined')
    show_plane(axes, raw, PIXEL, RAW_WINDOW)
    outline(axes, roi > 0.5, PIXEL, SIDE_COLOURS['L'], 0.8)
    draw_instances(axes, labels, size=5)
    return figure


def draw_grade(example: Example) -> Figure:
    """Draw the probability of each grade as a bar."""
    row = read_table(Path(f'{example.stem}_desc-potter_grade.tsv'), 'potter_grade').iloc[0]
    figure, axes = chart('Potter grade', 'probability')
    for grade in range(5):
        colour = SIDE_COLOURS['R'] if grade == row['potter'] else '#9AA5B1'
        axes.bar(grade, row[f'p_potter{grade}'], color=colour)
    return figure


def draw_quality(example: Example) -> Figure:
    """Draw the area of the ROI in each slice and hemisphere, with the three chosen slices."""
    chosen = [view.slice_index for view in example.six[0][:3]]
    figure, axes = chart('slice', 'area of the ROI (mm²)')
    axes.axvspan(chosen[0] - 0.5, chosen[-1] + 0.5, color='#444444')
    for side, value in HEMISPHERES.items():
        areas = (example.roi == value).sum(axis=(0, 1)) * example.spacing[0] * example.spacing[1]
        slices = np.flatnonzero(areas)
        axes.plot(slices, areas[slices], 'o-', markersize=3, color=SIDE_COLOURS[side])
    return figure


def chart(xlabel: str, ylabel: str):
    """Return a figure with white axes on black."""
    figure = new_figure(3.4, HEIGHT + 2 * GAP)
    axes = figure.add_axes((0.18, 0.2, 0.78, 0.72), facecolor='none')
    axes.set_xlabel(xlabel, color=WHITE)
    axes.set_ylabel(ylabel, color=WHITE)
    axes.tick_params(colors=WHITE)
    axes.spines[:].set_visible(False)
    return figure, axes


def plane_size(example: Example, x: slice, y: slice) -> tuple[float, float]:
    """Return width and height of an axial panel, inches."""
    width, height = np.array([x.stop - x.start, y.stop - y.start]) * example.spacing[:2]
    return HEIGHT * width / height, HEIGHT


def axial_figure(example: Example, columns: int) -> tuple[Figure, tuple[float, float]]:
    """Return a figure of axial slices of the head and the size of a panel."""
    size = plane_size(example, *example.box[:2])
    return new_figure(columns * (size[0] + GAP) + GAP, HEIGHT + 2 * GAP), size


def image_figure(columns: int) -> tuple[Figure, tuple[float, float]]:
    """Return a figure of hemisphere images and the size of a panel."""
    size = (HEIGHT * FIELD_OF_VIEW[0] / FIELD_OF_VIEW[1], HEIGHT)
    return new_figure(columns * (size[0] + GAP) + GAP, HEIGHT + 2 * GAP), size


def panel(figure: Figure, column: int, size: tuple[float, float], name: str):
    """Add a panel in a row, with its name in a corner."""
    axes = add_panel(figure, GAP + column * (size[0] + GAP), GAP, *size)
    write(axes, 0.03, 0.97, name, 8, va='top')
    return axes


def close_box(example: Example) -> tuple[slice, slice]:
    """Return the box in plane around the ROI, with a margin of 8 mm."""
    inside = np.nonzero(example.roi.any(axis=2))
    margins = np.ceil(8 / example.spacing[:2]).astype(int)
    pairs = zip(inside, margins, strict=True)
    return tuple(slice(max(i.min() - m, 0), i.max() + m + 1) for i, m in pairs)


def sides(axes, example: Example, x: slice, y: slice, z: int) -> None:
    """Outline both hemispheres of the ROI."""
    for side, value in HEMISPHERES.items():
        outline(axes, example.roi[x, y, z] == value, example.spacing[:2], SIDE_COLOURS[side], 1.0)
    mark_edges(axes, size=7)


STEPS: dict[str, Callable[[Example], Figure]] = {
    'conform': draw_orientation,
    'correct': draw_correction,
    'locate': draw_nuclei,
    'roi': draw_roi,
    'align': draw_alignment,
    'cut': draw_cutting,
    'count': draw_count,
    'find': draw_detection,
    'grade': draw_grade,
    'assess': draw_quality,
}


@figure_style()
def main(results: Path, folder: Path) -> None:
    """Draw all steps."""
    example = Example(results / 'sub-02/anat/sub-02')
    for name, draw in STEPS.items():
        figure = draw(example)
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        with atomic_path(folder / f'step_{name}.png') as path:
            picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert('RGB')
            picture.save(path, format='PNG', optimize=True)


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else 'docs/images'))
