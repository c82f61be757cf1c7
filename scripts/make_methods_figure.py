"""Draw the methods figure of the docs from the example's results.

Usage: python scripts/make_methods_figure.py RESULTS [FIGURE]

RESULTS is what ``make demo`` wrote (out/demo).
"""

import sys
import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np
from PIL import Image

from pvs_workflow import data
from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.method.conform import conform
from pvs_workflow.networks.bundle import verify_bundle
from pvs_workflow.report.figures import cascade_figure, roi_figure, save_figure
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slices import cut_image

STEM = 'sub-02/anat/sub-02'


def main(results: Path, target: Path) -> None:
    """Draw the ROI sheet above the cascade sheet."""
    stem = str(results / STEM)

    def labels(name):
        image = nb.load(f'{stem}_space-T2w_desc-{name}_dseg.nii.gz')
        return to_canonical(np.asarray(image.dataobj).astype(np.int16), image.affine)[0]

    scan = conform(Path(f'{stem}_desc-preproc_T2w.nii.gz'))
    t2w, affine, storage = np.asarray(scan.image.dataobj), scan.image.affine, scan.storage
    enhanced = conform(Path(f'{stem}_space-T2w_desc-enhanced_T2w.nii.gz')).image.dataobj
    roi = labels('basalganglia')
    how = verify_bundle(data.path('cascade')).preprocessing
    views, images, _ = cut_six(t2w, roi, affine, how)
    counts = read_table(Path(f'{stem}_desc-epvs_counts.tsv'), 'epvs_counts')
    slices = [storage.slice_index(view.slice_index) for view in views]
    instances = labels('epvs')
    sheets = [
        roi_figure(t2w, affine, roi, views, slices, labels('structures')),
        cascade_figure(
            images,
            np.stack([cut_image(np.asarray(enhanced), affine, view) for view in views]),
            np.stack([cut_image(instances, affine, view, order=0) for view in views]).astype(int),
            views,
            slices,
            *(counts[name] for name in ('count', 'count_low', 'count_high')),
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        pictures = [
            Image.open(save_figure(sheet, Path(folder) / f'{index}.png')).convert('RGB')
            for index, sheet in enumerate(sheets)
        ]
        width = 1200
        pictures = [p.resize((width, round(p.height * width / p.width))) for p in pictures]
        out = Image.new('RGB', (width, sum(p.height for p in pictures)))
        for index, picture in enumerate(pictures):
            out.paste(picture, (0, sum(p.height for p in pictures[:index])))
        out.save(target, optimize=True)


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else 'docs/images/methods.png'))
