"""Interfaces that draw the report's figures from saved results."""

from pathlib import Path

import numpy as np
from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.method.align import Aligned
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.find import FoundEPVS
from pvs_workflow.method.locate import BasalGanglia, Warp
from pvs_workflow.method.saved import Unusable, load_arguments
from pvs_workflow.science.grading import person_grade
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab


def figure_path(stem: str, name: str) -> str:
    """Return the path of a figure by its name."""
    return f'{stem}_desc-{name}_T2w.svg'


def registration_name(moving_name: str) -> str:
    """Return the name of the figure of an alignment with the T2w."""
    return f'{moving_name.lower()}reg'


class _DrawOutputSpec(TraitedSpec):
    out_files = traits.List(File(exists=True), desc='the written figures')


class Draw(SimpleInterface):
    """Load the arguments of :meth:`draw`, and save the figures that it returns by name.

    If a figure is None, that of an earlier run is removed.
    """

    output_spec = _DrawOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.files import remove_files
        from pvs_workflow.report.saving import save_figure

        figures = self.draw(**load_arguments(self.draw, self.inputs.get()))
        paths = {Path(figure_path(self.inputs.stem, name)): name for name in figures}
        remove_files(path for path, name in paths.items() if figures[name] is None)
        self._results['out_files'] = [
            str(save_figure(figures[name], path))
            for path, name in paths.items()
            if figures[name] is not None
        ]
        return runtime


class _DrawROIInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, bias-corrected')
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    six = File(exists=True, mandatory=True, desc='SixImages')
    stem = traits.Str(mandatory=True, desc='path of the figures up to their desc entity')


class DrawROI(Draw):
    """Draw the three slices with outlines of the ROI."""

    input_spec = _DrawROIInputSpec

    @staticmethod
    def draw(t2w: Conformed, located: BasalGanglia, six: SixImages) -> dict:
        """Return one figure, ``roi``."""
        from pvs_workflow.report.anatomy import roi_figure

        affine = t2w.image.affine
        n = slices_per_slab(affine)
        roi, structures = (
            slab_labels(np.asarray(image.dataobj, dtype=np.int16), n)
            for image in (located.roi, located.structures)
        )
        volume = average_slabs(np.asarray(t2w.image.dataobj), n)
        positions = six.views, six.slices
        return {'roi': roi_figure(volume, slab_affine(affine, n), roi, *positions, structures)}


class _DrawCascadeInputSpec(BaseInterfaceInputSpec):
    six = File(exists=True, mandatory=True, desc='SixImages')
    counted = File(exists=True, mandatory=True, desc='ImageCounts')
    found = File(exists=True, mandatory=True, desc='FoundEPVS')
    stem = traits.Str(mandatory=True, desc='path of the figures up to their desc entity')


class DrawCascade(Draw):
    """Draw the six images, the enhanced images, the evidence and the grade probabilities."""

    input_spec = _DrawCascadeInputSpec

    @staticmethod
    def draw(six: SixImages, counted: ImageCounts, found: FoundEPVS) -> dict:
        """Return the figures ``images``, ``enhanced``, ``evidence`` and ``grade``."""
        from pvs_workflow.report.charts import grade_figure
        from pvs_workflow.report.images import ENHANCED_WINDOW, evidence_figure, images_figure

        positions = six.views, six.slices
        counts = counted.counts, counted.lows, counted.highs
        grade = person_grade(counted.counts)
        return {
            'images': images_figure(six.shown, *positions),
            'enhanced': images_figure(counted.enhanced, *positions, ENHANCED_WINDOW),
            'evidence': evidence_figure(six.shown, found.labels, *positions, *counts, six.rois),
            'grade': grade_figure(counted.probabilities, grade),
        }


class _DrawRegistrationInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, bias-corrected')
    moving = File(exists=True, mandatory=True, desc="result with an image on the T2w's grid")
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    moving_name = traits.Str(mandatory=True, desc='name of the moving image')
    stem = traits.Str(mandatory=True, desc='path of the figure up to its desc entity')


class DrawRegistration(Draw):
    """Draw two aligned images, one over the other, for flicker comparison."""

    input_spec = _DrawRegistrationInputSpec

    @staticmethod
    def draw(
        t2w: Conformed, moving: Aligned | Warp, located: BasalGanglia, moving_name: str
    ) -> dict:
        """Return one figure, named after the moving image."""
        from pvs_workflow.report.alignment import registration_figure

        name = registration_name(moving_name)
        if isinstance(moving, Unusable):
            return {name: None}
        images = t2w.image, moving.image
        volumes = (np.asarray(image.dataobj, dtype=np.float32) for image in images)
        roi = np.asarray(located.roi.dataobj, dtype=np.int16)
        figure = registration_figure(*volumes, t2w.image.affine, roi, moving_name)
        return {name: figure}
