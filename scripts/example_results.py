"""Results of one T2w as arrays in canonical order, for pictures of the documentation."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.method.conform import conform
from pvs_workflow.networks.bundle import verify_bundle
from pvs_workflow.report.anatomy import grey_window
from pvs_workflow.report.cuts import head_box
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slices import cut_image


@dataclass(frozen=True)
class Example:
    """The results of one T2w, in canonical order."""

    stem: Path
    """Folder and beginning of the names of its results."""

    @cached_property
    def scan(self):
        """The bias-corrected T2w."""
        return conform(Path(f'{self.stem}_desc-preproc_T2w.nii.gz'))

    @cached_property
    def t2w(self) -> np.ndarray:
        """Its voxels."""
        return np.asarray(self.scan.image.dataobj)

    @property
    def spacing(self) -> np.ndarray:
        """Its voxel sizes, mm."""
        return np.array(self.scan.image.header.get_zooms()[:3])

    @property
    def window(self) -> tuple[float, float]:
        """The grey window in which basal ganglia are shown."""
        return grey_window(self.t2w, self.roi)

    @cached_property
    def box(self) -> tuple[slice, slice, slice]:
        """The box around the head."""
        return head_box(self.t2w, self.roi)

    @cached_property
    def roi(self) -> np.ndarray:
        """The region of interest: 1 left, 2 right."""
        return self.labels('basalganglia')

    @cached_property
    def six(self) -> tuple:
        """The six views and the six images."""
        preprocessing = verify_bundle(data.path('cascade')).preprocessing
        return cut_six(self.t2w, self.roi, self.scan.image.affine, preprocessing)[:2]

    def labels(self, name: str) -> np.ndarray:
        """Read a label image."""
        image = nb.load(f'{self.stem}_space-T2w_desc-{name}_dseg.nii.gz')
        return to_canonical(np.asarray(image.dataobj).astype(np.int16), image.affine)[0]

    def volume(self, path: str | Path) -> np.ndarray:
        """Read another image on the grid of the T2w."""
        return np.asarray(conform(Path(path)).image.dataobj)

    def image(self, name: str, order: int = 1) -> np.ndarray:
        """Cut the left inferior image from a result."""
        volume = self.volume(f'{self.stem}_space-T2w_desc-{name}.nii.gz')
        return self.cut(volume, order)[0]

    def cut(self, volume: np.ndarray, order: int = 1) -> np.ndarray:
        """Cut the six images from a volume."""
        affine = self.scan.image.affine
        return np.stack([cut_image(volume, affine, view, order=order) for view in self.six[0]])
