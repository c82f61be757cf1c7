"""Draw the methods figure of the docs from the example's results.

Usage: python scripts/make_methods_figure.py RESULTS [FIGURE]

RESULTS is the output folder of ``make demo`` (out/demo).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from example_results import Example
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.canvas import (
    SIDE_COLOURS,
    WHITE,
    add_panel,
    figure_style,
    mark_edges,
    new_figure,
    show_plane,
    write,
    write_note,
)
from pvs_workflow.report.images import (
    ENHANCED_WINDOW,
    PIXEL,
    RAW_WINDOW,
    draw_instances,
    image_title,
    span,
)
from pvs_workflow.science.slices import View

STEM = 'sub-02/anat/sub-02'
WIDTH, GAP, HEADROOM = 2.0, 0.12, 0.5  # inches


def main(results: Path, target: Path) -> None:
    """Draw the ROI sheet above the cascade sheet."""
    one = Example(results / STEM)
    views, images = one.six
    slices = [one.scan.storage.slice_index(view.slice_index) for view in views]
    counts = read_table(Path(f'{one.stem}_desc-epvs_counts.tsv'), 'epvs_counts')
    enhanced = one.volume(f'{one.stem}_space-T2w_desc-enhanced_T2w.nii.gz')
    sheets = [
        roi_figure(
            one.t2w, one.scan.image.affine, one.roi, views, slices, one.labels('structures')
        ),
        cascade_figure(
            images,
            one.cut(enhanced),
            one.cut(one.labels('epvs'), order=0).astype(int),
            views,
            slices,
            counts[['count', 'count_low', 'count_high']].to_numpy(),
        ),
    ]
    pictures = [draw(sheet) for sheet in sheets]
    width = 1200
    pictures = [p.resize((width, round(p.height * width / p.width))) for p in pictures]
    out = Image.new('RGB', (width, sum(p.height for p in pictures)))
    for index, picture in enumerate(pictures):
        out.paste(picture, (0, sum(p.height for p in pictures[:index])))
    out.save(target, optimize=True)


@figure_style()
def cascade_figure(
    images: np.ndarray,
    enhanced: np.ndarray,
    instances: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    intervals: np.ndarray,
) -> Figure:
    """Show six images raw, enhanced and outlined, in rows; intervals are count, low, high."""
    height = WIDTH * images.shape[2] / images.shape[1]
    rows = (
        (images, 'Raw', RAW_WINDOW),
        (enhanced, 'Enhanced', ENHANCED_WINDOW),
        (images, 'Outlined', RAW_WINDOW),
    )
    figure = new_figure(6 * (WIDTH + GAP) + GAP, 3 * (height + GAP) + HEADROOM + 0.3)
    for row, (stack, name, window) in enumerate(rows):
        for column, image in enumerate(stack):
            left, top = GAP + column * (WIDTH + GAP), HEADROOM + row * (height + GAP)
            axes = add_panel(figure, left, top, WIDTH, height)
            show_plane(axes, image, PIXEL, window)
            mark_edges(axes, size=7)
            if column == 0:
                write(axes, 0.03, 0.97, name, 8, va='top')
            if name == 'Outlined':
                draw_instances(axes, instances[column], size=5)
            if row == 0:
                title = f'{image_title(views[column], slices[column])}\ncount '
                title += span(*intervals[column])
                colour = SIDE_COLOURS.get(views[column].hemisphere, WHITE)
                axes.set_title(title, fontsize=8, color=colour, loc='left', pad=3)
    write_note(figure, 'Each image is 45.8 × 55.0 mm.')
    return figure


@figure_style()
def draw(figure: Figure) -> Image.Image:
    """Render a figure in full colour."""
    figure.set_dpi(110)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert('RGB')


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else 'docs/images/methods.png'))
