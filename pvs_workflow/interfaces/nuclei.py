"""The deep grey matter: found by a network, and the template bent to it."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.interfaces.io import load_array, load_image, save_image


class _RegisterAffineInputSpec(BaseInterfaceInputSpec):
    fixed = File(exists=True, mandatory=True, desc='canonical T2w')
    template = File(exists=True, mandatory=True, desc='template of the same contrast')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _RegisterAffineOutputSpec(TraitedSpec):
    transform = File(exists=True, desc='affine transform, ITK text')


class RegisterAffine(SimpleInterface):
    """Lay the template on a head."""

    input_spec = _RegisterAffineInputSpec
    output_spec = _RegisterAffineOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.registration.affine import register_affine

        path = Path(runtime.cwd) / 'affine.txt'
        images = load_image(self.inputs.fixed), load_image(self.inputs.template)
        register_affine(*images, path, self.inputs.seed)
        self._results['transform'] = str(path)
        return runtime


class _FindNucleiInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='canonical T2w')
    affine = File(exists=True, mandatory=True, desc='from T2w points to the template')
    network = File(exists=True, mandatory=True, desc='weights of the nuclei network')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's and ANTs' random seed")


class _FindNucleiOutputSpec(TraitedSpec):
    labels = File(exists=True, desc='grey nuclei on the T2w grid')
    box = File(exists=True, desc='the T2w around the nuclei, in template space')
    probabilities = File(exists=True, desc='of each class in the box, 4D')


class FindNuclei(SimpleInterface):
    """Find the nuclei in a T2w."""

    input_spec = _FindNucleiInputSpec
    output_spec = _FindNucleiOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.networks.engine import configure_tensorflow
        from pvs_workflow.networks.nuclei import cached_nuclei_network, predict_nuclei
        from pvs_workflow.registration.affine import transform_matrix
        from pvs_workflow.science.nuclei import box_affine, label_scan, sample_box

        # One thread: the last digits of a sum depend on how many share it.
        configure_tensorflow(1, self.inputs.seed)
        t2w = load_image(self.inputs.t2w)
        to_template = transform_matrix(Path(self.inputs.affine), self.inputs.seed)
        box = sample_box(t2w, to_template)
        found = predict_nuclei(cached_nuclei_network(Path(self.inputs.network)), box)
        labels = label_scan(found, t2w.shape, t2w.affine, to_template)
        for name, array, affine in (
            ('labels', labels, t2w.affine),
            ('box', box, box_affine()),
            ('probabilities', found, box_affine()),
        ):
            self._results[name] = save_image(array, affine, Path(runtime.cwd) / f'{name}.nii.gz')
        return runtime


class _CompareNucleiInputSpec(BaseInterfaceInputSpec):
    moving = File(exists=True, mandatory=True, desc='canonical T1w or FLAIR')
    transform = File(exists=True, mandatory=True, desc='from T2w points to those of moving')
    affine = File(exists=True, mandatory=True, desc='from T2w points to the template')
    probabilities = File(exists=True, mandatory=True, desc='what the T2w shows in the box, 4D')
    network = File(exists=True, mandatory=True, desc='weights of the nuclei network')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's and ANTs' random seed")


class _CompareNucleiOutputSpec(TraitedSpec):
    agreement = traits.Float(desc='overlap of the nuclei that both contrasts show, 0 to 1')


class CompareNuclei(SimpleInterface):
    """Find the nuclei in another contrast too, to see whether it lies on the T2w."""

    input_spec = _CompareNucleiInputSpec
    output_spec = _CompareNucleiOutputSpec

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.networks.engine import configure_tensorflow
        from pvs_workflow.networks.nuclei import cached_nuclei_network, predict_nuclei
        from pvs_workflow.registration.affine import transform_matrix
        from pvs_workflow.science.nuclei import agreement, sample_box

        configure_tensorflow(1, self.inputs.seed)
        to_template, to_moving = (
            transform_matrix(Path(path), self.inputs.seed)
            for path in (self.inputs.affine, self.inputs.transform)
        )
        box = sample_box(load_image(self.inputs.moving), to_template @ np.linalg.inv(to_moving))
        found = predict_nuclei(cached_nuclei_network(Path(self.inputs.network)), box)
        self._results['agreement'] = agreement(load_array(self.inputs.probabilities), found)
        return runtime


class _BendTemplateInputSpec(BaseInterfaceInputSpec):
    box = File(exists=True, mandatory=True, desc='the T2w around the nuclei, in template space')
    probabilities = File(exists=True, mandatory=True, desc='of each class in the box, 4D')
    template = File(exists=True, mandatory=True, desc='template of the same contrast')
    template_probabilities = File(
        exists=True, mandatory=True, desc='what the network sees in the template, 4D, 0 to 255'
    )
    affine = File(exists=True, mandatory=True, desc='from T2w points to the template')
    target = File(exists=True, mandatory=True, desc='canonical T2w')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _BendTemplateOutputSpec(TraitedSpec):
    transform = File(exists=True, desc='displacement field from template to T2w')
    correlation = traits.Float(desc='of the two images around the basal ganglia')


class BendTemplate(SimpleInterface):
    """Bend the template to the nuclei that were found, and on to the T2w, as one transform."""

    input_spec = _BendTemplateInputSpec
    output_spec = _BendTemplateOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.registration.template import bend_template
        from pvs_workflow.science.nuclei import structure_maps

        maps = tuple(
            structure_maps(load_array(path))
            for path in (self.inputs.probabilities, self.inputs.template_probabilities)
        )
        images = [load_image(getattr(self.inputs, n)) for n in ('box', 'template', 'target')]
        path = Path(runtime.cwd) / 'template.nii.gz'
        self._results['correlation'] = bend_template(
            *images, maps, Path(self.inputs.affine), path, self.inputs.seed
        )
        self._results['transform'] = str(path)
        return runtime
