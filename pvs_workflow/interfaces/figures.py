"""Figures of the report, drawn from what the nodes saved."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.interfaces.io import load_array, load_image, load_views


class _FigureOutputSpec(TraitedSpec):
    out_files = traits.List(File(exists=True), desc='the written figures')


class _DrawROIInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='canonical T2w')
    roi = File(exists=True, mandatory=True, desc='basal ganglia: 1 left, 2 right')
    structures = File(exists=True, mandatory=True, desc='named structures')
    views = File(exists=True, mandatory=True, desc='JSON: where the images lie')
    t2w_file = File(mandatory=True, desc='the T2w as the user stored it')
    stem = traits.Str(mandatory=True, desc='path of the figures before their desc entity')


class DrawROI(SimpleInterface):
    """Draw the three slices with the outline of the ROI."""

    input_spec = _DrawROIInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.interfaces.storage import stored_slices
        from pvs_workflow.report.figures import roi_figure, save_figure
        from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels
        from pvs_workflow.science.slabs import slices_per_slab as slab_size

        affine = load_image(self.inputs.t2w).affine
        n = slab_size(affine)
        views = load_views(self.inputs.views)
        figure = roi_figure(
            average_slabs(load_array(self.inputs.t2w), n),
            slab_affine(affine, n),
            slab_labels(load_array(self.inputs.roi, 'int16'), n),
            views,
            stored_slices(views, self.inputs.t2w_file),
            slab_labels(load_array(self.inputs.structures, 'int16'), n),
        )
        path = Path(f'{self.inputs.stem}_desc-roi_T2w.svg')
        self._results['out_files'] = [str(save_figure(figure, path))]
        return runtime


class _DrawCascadeInputSpec(BaseInterfaceInputSpec):
    images = File(exists=True, mandatory=True, desc='npz with the six images')
    views = File(exists=True, mandatory=True, desc='JSON: where the images lie')
    prediction = File(exists=True, mandatory=True, desc='npz of the cascade')
    evidence = File(exists=True, mandatory=True, desc='npz of instance labels')
    t2w_file = File(mandatory=True, desc='the T2w as the user stored it')
    stem = traits.Str(mandatory=True, desc='path of the figures before their desc entity')


class DrawCascade(SimpleInterface):
    """Draw the six images, enhanced images and evidence, and the grade's probabilities."""

    input_spec = _DrawCascadeInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.interfaces.storage import stored_slices
        from pvs_workflow.report import figures
        from pvs_workflow.science.grading import person_grade

        views = load_views(self.inputs.views)
        where = (views, stored_slices(views, self.inputs.t2w_file))
        cut, found = np.load(self.inputs.images), np.load(self.inputs.prediction)
        labels = np.load(self.inputs.evidence)['labels']
        counts = [found[name] for name in ('counts', 'lows', 'highs')]
        drawn = {
            'images': figures.images_figure(cut['shown'], *where),
            'enhanced': figures.enhanced_figure(found['enhanced'], *where),
            'evidence': figures.evidence_figure(
                cut['shown'], labels, *where, *counts, cut['rois']
            ),
            'grade': figures.grade_figure(found['probabilities'], person_grade(counts[0])),
        }
        self._results['out_files'] = [
            str(figures.save_figure(figure, Path(f'{self.inputs.stem}_desc-{name}_T2w.svg')))
            for name, figure in drawn.items()
        ]
        return runtime


class _DrawRegistrationInputSpec(BaseInterfaceInputSpec):
    fixed = File(exists=True, mandatory=True, desc='canonical T2w')
    moving = File(exists=True, mandatory=True, desc='volume on the T2w grid')
    roi = File(exists=True, mandatory=True, desc='basal ganglia: 1 left, 2 right')
    moving_name = traits.Str(mandatory=True, desc='what the moving volume is called')
    out_file = traits.Str(mandatory=True, desc='path of the figure')


class DrawRegistration(SimpleInterface):
    """Draw two aligned volumes, to be flicked between."""

    input_spec = _DrawRegistrationInputSpec
    output_spec = _FigureOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.report.figures import registration_figure, save_figure

        figure = registration_figure(
            load_array(self.inputs.fixed),
            load_array(self.inputs.moving),
            load_image(self.inputs.fixed).affine,
            load_array(self.inputs.roi, 'int16'),
            'T2w',
            self.inputs.moving_name,
        )
        path = Path(self.inputs.out_file)
        self._results['out_files'] = [str(save_figure(figure, path))]
        return runtime
