"""Figures of the report, drawn from what the steps saved."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)


class _FigureOutputSpec(TraitedSpec):
    out_files = traits.List(File(exists=True), desc='the written figures')


class _DrawROIInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    six = File(exists=True, mandatory=True, desc='SixImages')
    stem = traits.Str(mandatory=True, desc='path of the figures before their desc entity')


class DrawROI(SimpleInterface):
    """Draw the three slices with the outline of the ROI."""

    input_spec = _DrawROIInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.cut import SixImages
        from pvs_workflow.method.locate import BasalGanglia

        t2w, located = Conformed.load(self.inputs.t2w), BasalGanglia.load(self.inputs.located)
        figure = _draw_slices(t2w, located, SixImages.load(self.inputs.six))
        self._results['out_files'] = _save({'roi': figure}, self.inputs.stem)
        return runtime


class _DrawCascadeInputSpec(BaseInterfaceInputSpec):
    six = File(exists=True, mandatory=True, desc='SixImages')
    counted = File(exists=True, mandatory=True, desc='ImageCounts')
    found = File(exists=True, mandatory=True, desc='FoundEPVS')
    stem = traits.Str(mandatory=True, desc='path of the figures before their desc entity')


class DrawCascade(SimpleInterface):
    """Draw the six images, enhanced images and evidence, and the grade's probabilities."""

    input_spec = _DrawCascadeInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.method.count import ImageCounts
        from pvs_workflow.method.cut import SixImages
        from pvs_workflow.method.find import FoundEPVS

        six, counted = SixImages.load(self.inputs.six), ImageCounts.load(self.inputs.counted)
        figures = _draw_images(six, counted, FoundEPVS.load(self.inputs.found))
        self._results['out_files'] = _save(figures, self.inputs.stem)
        return runtime


class _DrawRegistrationInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    moving = File(exists=True, mandatory=True, desc="result with an image on the T2w's grid")
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    moving_name = traits.Str(mandatory=True, desc='what the moving image is called')
    stem = traits.Str(mandatory=True, desc='path of the figure before its desc entity')


class DrawRegistration(SimpleInterface):
    """Draw two aligned images, to be flicked between."""

    input_spec = _DrawRegistrationInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        import nibabel as nb

        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.locate import BasalGanglia
        from pvs_workflow.method.saved import saved_file

        t2w, located = Conformed.load(self.inputs.t2w), BasalGanglia.load(self.inputs.located)
        moving, name = nb.load(saved_file(self.inputs.moving, 'image')), self.inputs.moving_name
        figure = _draw_registration(t2w, moving, located, name)
        self._results['out_files'] = _save({f'{name.lower()}reg': figure}, self.inputs.stem)
        return runtime


def _draw_slices(t2w, located, six):
    import numpy as np

    from pvs_workflow.report.anatomy import roi_figure
    from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab

    affine = t2w.image.affine
    n = slices_per_slab(affine)
    return roi_figure(
        average_slabs(np.asarray(t2w.image.dataobj), n),
        slab_affine(affine, n),
        slab_labels(np.asarray(located.roi.dataobj, dtype=np.int16), n),
        six.views,
        six.slices,
        slab_labels(np.asarray(located.structures.dataobj, dtype=np.int16), n),
    )


def _draw_images(six, counted, found):
    from pvs_workflow.report.charts import grade_figure
    from pvs_workflow.report.images import ENHANCED_WINDOW, evidence_figure, images_figure
    from pvs_workflow.science.grading import person_grade

    where = six.views, six.slices
    counts = counted.counts, counted.lows, counted.highs
    grade = person_grade(counted.counts)
    return {
        'images': images_figure(six.shown, *where),
        'enhanced': images_figure(counted.enhanced, *where, ENHANCED_WINDOW),
        'evidence': evidence_figure(six.shown, found.labels, *where, *counts, six.rois),
        'grade': grade_figure(counted.probabilities, grade),
    }


def _draw_registration(t2w, moving, located, name: str):
    import numpy as np

    from pvs_workflow.report.alignment import registration_figure

    volumes = (np.asarray(image.dataobj, dtype=np.float32) for image in (t2w.image, moving))
    roi = np.asarray(located.roi.dataobj, dtype=np.int16)
    return registration_figure(*volumes, t2w.image.affine, roi, name)


def _save(figures: dict, stem: str) -> list[str]:
    """Write figures under their names in the report, and return their paths."""
    from pvs_workflow.report.saving import save_figure

    return [
        str(save_figure(figure, Path(f'{stem}_desc-{name}_T2w.svg')))
        for name, figure in figures.items()
    ]
