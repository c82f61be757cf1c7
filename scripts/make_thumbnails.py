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


def cuts(one: Example, volume, roi, places) -> Figure:
    """Draw cuts through the head side by side; each place is an axis and an index in the box."""
    volume, roi = volume[one.box], roi[one.box]
    lengths = np.array(volume.shape) * one.spacing
    sizes = [np.delete(lengths, axis) for axis, _ in places]
    widths = [HEIGHT * width / height for width, height in sizes]
    figure = new_figure(sum(widths) + (len(widths) + 1) * GAP, HEIGHT + 2 * GAP)
    left = GAP
    for (axis, index), width in zip(places, widths, strict=True):
        place = (left, GAP, width, HEIGHT)
        draw_cuts(figure, place, volume, roi, one.spacing, axis, [index], one.window, 1.0, 7)
        left += width + GAP
    return figure


def conformed(one: Example) -> Figure:
    """Three planes of the T2w with their direction letters."""
    raw = one.volume(RAW)
    middle = (np.array(raw[one.box].shape) // 2).tolist()
    return cuts(one, raw, np.zeros_like(one.roi), [(axis, middle[axis]) for axis in (2, 1, 0)])


def corrected(one: Example) -> Figure:
    """One slice before and after the correction, and the field."""
    raw, z = one.volume(RAW), one.six[0][0].slice_index
    window = grey_window(raw, one.roi)
    x, y, _ = one.box
    planes = {'As scanned': raw, 'Corrected': one.t2w}
    figure, size = axial_figure(one, 3)
    for column, (name, volume) in enumerate(planes.items()):
        axes = panel(figure, column, size, name)
        show_plane(axes, volume[x, y, z], one.spacing[:2], window)
    axes = panel(figure, 2, size, 'Field')
    with np.errstate(divide='ignore', invalid='ignore'):
        field = np.where(one.t2w > 0, raw / one.t2w, np.nan)[x, y, z]
    low, high = np.nanpercentile(field, (2, 98))
    extent = (0, size[0], 0, size[1])
    axes.imshow(field.T, origin='lower', cmap='viridis', vmin=low, vmax=high, extent=extent)
    return figure


def located(one: Example) -> Figure:
    """The segmented nuclei, close, on three slices."""
    structures, (x, y) = one.labels('structures'), close_box(one)
    size = plane_size(one, x, y)
    slices = [view.slice_index for view in one.six[0][:3]]
    figure = new_figure(3 * (size[0] + GAP) + GAP, HEIGHT + 2 * GAP)
    for column, z in enumerate(slices):
        axes = panel(figure, column, size, '')
        show_plane(axes, one.t2w[x, y, z], one.spacing[:2], one.window)
        for structure in STRUCTURES:
            if colour := NUCLEUS_COLOURS.get(structure.name):
                region = structures[x, y, z] == structure.index
                outline(axes, region, one.spacing[:2], colour, 1.0)
        mark_edges(axes, size=7)
    return figure


def aligned(one: Example) -> Figure:
    """The FLAIR next to the T2w, with the same outline."""
    flair = one.volume(f'{one.stem}_space-T2w_desc-preproc_FLAIR.nii.gz')
    z = one.six[0][1].slice_index
    x, y, _ = one.box
    figure, size = axial_figure(one, 2)
    for column, (name, volume) in enumerate({'T2w': one.t2w, 'FLAIR': flair}.items()):
        axes = panel(figure, column, size, name)
        show_plane(axes, volume[x, y, z], one.spacing[:2], grey_window(volume, one.roi))
        sides(axes, one, x, y, z)
    return figure


def region(one: Example) -> Figure:
    """The ROI in three planes."""
    middle = [int(np.median(index)) for index in np.nonzero(one.roi[one.box])]
    left = int(np.median(np.nonzero(one.roi[one.box] == HEMISPHERES['L'])[0]))
    return cuts(one, one.t2w, one.roi, [(2, middle[2]), (1, middle[1]), (0, left)])


def cut(one: Example) -> Figure:
    """A slice with two fields of view, and the images that are cut there."""
    views, images = one.six
    x, y, _ = one.box
    size = plane_size(one, x, y)
    small = HEIGHT * FIELD_OF_VIEW[0] / FIELD_OF_VIEW[1]
    figure = new_figure(size[0] + 2 * small + 4 * GAP, HEIGHT + 2 * GAP)
    axes = panel(figure, 0, size, '')
    show_plane(axes, one.t2w[x, y, views[0].slice_index], one.spacing[:2], one.window)
    left = size[0] + 2 * GAP
    for index in (0, 3):
        view, colour = views[index], SIDE_COLOURS[views[index].hemisphere]
        start = np.array([x.start, y.start])
        corner = (np.add(view.centre, 0.5) - start) * one.spacing[:2]
        corner -= np.divide(FIELD_OF_VIEW, 2)
        axes.add_patch(Rectangle(corner, *FIELD_OF_VIEW, fill=False, edgecolor=colour))
        near = add_panel(figure, left, GAP, small, HEIGHT)
        show_plane(near, images[index], PIXEL, RAW_WINDOW)
        mark_edges(near, size=7)
        left += small + GAP
    mark_edges(axes, size=7)
    return figure


def counted(one: Example) -> Figure:
    """An image, what the enhancement makes of it, and its count."""
    counts = read_table(Path(f'{one.stem}_desc-epvs_counts.tsv'), 'epvs_counts').iloc[0]
    figure, size = image_figure(2)
    show_plane(panel(figure, 0, size, 'Raw'), one.six[1][0], PIXEL, RAW_WINDOW)
    axes = panel(figure, 1, size, 'Enhanced')
    show_plane(axes, one.image('enhanced_T2w'), PIXEL, ENHANCED_WINDOW)
    text = f'{counts["count"]:.1f} [{counts["count_low"]:.0f}–{counts["count_high"]:.0f}]'
    write(axes, 0.97, 0.03, text, 9, ha='right', va='bottom')
    return figure


def found(one: Example) -> Figure:
    """A raw image, without and with the outlined ePVS."""
    raw = one.six[1][0]
    labels = one.image('epvs_dseg', order=0).astype(int)
    roi = one.cut(one.roi == HEMISPHERES['L'], order=0)[0]
    figure, size = image_figure(2)
    show_plane(panel(figure, 0, size, 'Raw'), raw, PIXEL, RAW_WINDOW)
    axes = panel(figure, 1, size, 'Outlined')
    show_plane(axes, raw, PIXEL, RAW_WINDOW)
    outline(axes, roi > 0.5, PIXEL, SIDE_COLOURS['L'], 0.8)
    draw_instances(axes, labels, size=5)
    return figure


def graded(one: Example) -> Figure:
    """The probability of each grade, as bars."""
    row = read_table(Path(f'{one.stem}_desc-potter_grade.tsv'), 'potter_grade').iloc[0]
    figure, axes = chart('Potter grade', 'probability')
    for grade in range(5):
        colour = SIDE_COLOURS['R'] if grade == row['potter'] else '#9AA5B1'
        axes.bar(grade, row[f'p_potter{grade}'], color=colour)
    return figure


def assessed(one: Example) -> Figure:
    """The area of the ROI in each slice and hemisphere, with the three slices that count."""
    chosen = [view.slice_index for view in one.six[0][:3]]
    figure, axes = chart('slice', 'area of the ROI (mm²)')
    axes.axvspan(chosen[0] - 0.5, chosen[-1] + 0.5, color='#444444')
    for side, value in HEMISPHERES.items():
        areas = (one.roi == value).sum(axis=(0, 1)) * one.spacing[0] * one.spacing[1]
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


def plane_size(one: Example, x: slice, y: slice) -> tuple[float, float]:
    """Return width and height of an axial panel, inches."""
    width, height = np.array([x.stop - x.start, y.stop - y.start]) * one.spacing[:2]
    return HEIGHT * width / height, HEIGHT


def axial_figure(one: Example, columns: int) -> tuple[Figure, tuple[float, float]]:
    """Return a figure of axial slices of the head and the size of a panel."""
    size = plane_size(one, *one.box[:2])
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


def close_box(one: Example) -> tuple[slice, slice]:
    """Return the box in plane around the ROI, with a margin of 8 mm."""
    inside = np.nonzero(one.roi.any(axis=2))
    margins = np.ceil(8 / one.spacing[:2]).astype(int)
    pairs = zip(inside, margins, strict=True)
    return tuple(slice(max(i.min() - m, 0), i.max() + m + 1) for i, m in pairs)


def sides(axes, one: Example, x: slice, y: slice, z: int) -> None:
    """Outline both hemispheres of the ROI."""
    for side, value in HEMISPHERES.items():
        outline(axes, one.roi[x, y, z] == value, one.spacing[:2], SIDE_COLOURS[side], 1.0)
    mark_edges(axes, size=7)


STEPS: dict[str, Callable[[Example], Figure]] = {
    'conform': conformed,
    'correct': corrected,
    'locate': located,
    'roi': region,
    'align': aligned,
    'cut': cut,
    'count': counted,
    'find': found,
    'grade': graded,
    'assess': assessed,
}


@figure_style()
def main(results: Path, folder: Path) -> None:
    """Draw all steps."""
    one = Example(results / 'sub-02/anat/sub-02')
    for name, draw in STEPS.items():
        figure = draw(one)
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        with atomic_path(folder / f'step_{name}.png') as path:
            picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert('RGB')
            picture.save(path, format='PNG', optimize=True)


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else 'docs/images'))
