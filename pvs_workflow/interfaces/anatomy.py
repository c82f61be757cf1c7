"""Steps from the user's files to the basal ganglia."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)


class _ResultOutputSpec(TraitedSpec):
    result = File(exists=True, desc="what the step returned, saved in the node's folder")


class _ConformInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc='image as the user stored it')
    is_t2w = traits.Bool(False, usedefault=True, desc='whether its slices must show ePVS')


class Conform(SimpleInterface):
    """Check an image and permute its voxels to canonical order."""

    input_spec = _ConformInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import conform

        conformed = conform(Path(self.inputs.in_file), self.inputs.is_t2w)
        self._results['result'] = str(conformed.save(Path(runtime.cwd)))
        return runtime


class _CorrectBiasInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class CorrectBias(SimpleInterface):
    """Remove the shading of the receive coils with N4."""

    input_spec = _CorrectBiasInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.correct import correct

        corrected = correct(Conformed.load(self.inputs.t2w), self.inputs.seed)
        self._results['result'] = str(corrected.save(Path(runtime.cwd)))
        return runtime


class _RegisterAffineInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed')
    template = File(exists=True, mandatory=True, desc='template of the same contrast')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _RegisterAffineOutputSpec(TraitedSpec):
    transform = File(exists=True, desc='LinearTransform from T2w to template points, ITK text')


class RegisterAffine(SimpleInterface):
    """Register the template to a T2w with an affine transform."""

    input_spec = _RegisterAffineInputSpec
    output_spec = _RegisterAffineOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.locate import register_template

        t2w, template = Conformed.load(self.inputs.t2w), Path(self.inputs.template)
        transform = register_template(t2w, self.inputs.seed, template)
        self._results['transform'] = str(transform.save(Path(runtime.cwd) / 'affine.txt'))
        return runtime


class _FindNucleiInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    affine = File(exists=True, mandatory=True, desc='LinearTransform to the template')
    network = File(exists=True, mandatory=True, desc='weights of the nuclei network')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class FindNuclei(SimpleInterface):
    """Find the nuclei of a T2w."""

    input_spec = _FindNucleiInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.locate import find_nuclei
        from pvs_workflow.registration.transforms import LinearTransform

        t2w = Conformed.load(self.inputs.t2w)
        affine = LinearTransform.load(Path(self.inputs.affine))
        nuclei = find_nuclei(t2w, affine, self.inputs.seed, Path(self.inputs.network))
        self._results['result'] = str(nuclei.save(Path(runtime.cwd)))
        return runtime


class _FindROIInputSpec(BaseInterfaceInputSpec):
    nuclei = File(exists=True, mandatory=True, desc='Nuclei')


class FindROI(SimpleInterface):
    """Add the enclosed capsule to the nuclei, and merge each hemisphere's."""

    input_spec = _FindROIInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.locate import Nuclei, find_roi

        located = find_roi(Nuclei.load(self.inputs.nuclei))
        self._results['result'] = str(located.save(Path(runtime.cwd)))
        return runtime


class _WarpTemplateInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    affine = File(exists=True, mandatory=True, desc='LinearTransform to the template')
    nuclei = File(exists=True, mandatory=True, desc='Nuclei')
    template = File(exists=True, mandatory=True, desc='template of the same contrast')
    template_nuclei = File(exists=True, mandatory=True, desc='what the network sees in it')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class WarpTemplate(SimpleInterface):
    """Warp the template to the nuclei of a T2w."""

    input_spec = _WarpTemplateInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.locate import Nuclei, warp_template
        from pvs_workflow.registration.transforms import LinearTransform

        t2w, nuclei = Conformed.load(self.inputs.t2w), Nuclei.load(self.inputs.nuclei)
        affine = LinearTransform.load(Path(self.inputs.affine))
        template = Path(self.inputs.template), Path(self.inputs.template_nuclei)
        warp = warp_template(t2w, affine, nuclei, self.inputs.seed, *template)
        self._results['result'] = str(warp.save(Path(runtime.cwd)))
        return runtime


class _AlignInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed')
    moving = File(exists=True, mandatory=True, desc='Conformed, of another contrast')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class Align(SimpleInterface):
    """Register another contrast of the same head to the T2w, and resample it."""

    input_spec = _AlignInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.align import align
        from pvs_workflow.method.conform import Conformed

        images = Conformed.load(self.inputs.t2w), Conformed.load(self.inputs.moving)
        aligned = align(*images, self.inputs.seed)
        self._results['result'] = str(aligned.save(Path(runtime.cwd)))
        return runtime


class _CompareNucleiInputSpec(BaseInterfaceInputSpec):
    moving = File(exists=True, mandatory=True, desc='Conformed, of another contrast')
    aligned = File(exists=True, mandatory=True, desc='Aligned, of the same contrast')
    affine = File(exists=True, mandatory=True, desc='LinearTransform from T2w to template')
    nuclei = File(exists=True, mandatory=True, desc='Nuclei of the T2w')
    network = File(exists=True, mandatory=True, desc='weights of the nuclei network')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class CompareNuclei(SimpleInterface):
    """Find the nuclei in another contrast, too, to see whether it is aligned with the T2w."""

    input_spec = _CompareNucleiInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.align import Aligned, compare
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.locate import Nuclei
        from pvs_workflow.registration.transforms import LinearTransform

        moving, aligned = Conformed.load(self.inputs.moving), Aligned.load(self.inputs.aligned)
        affine = LinearTransform.load(Path(self.inputs.affine))
        nuclei, network = Nuclei.load(self.inputs.nuclei), Path(self.inputs.network)
        comparison = compare(moving, aligned, affine, nuclei, self.inputs.seed, network)
        self._results['result'] = str(comparison.save(Path(runtime.cwd)))
        return runtime
