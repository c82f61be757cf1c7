"""Steps of the method as nodes."""

from importlib import import_module
from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    Directory,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow import __version__


class _StepInputSpec(BaseInterfaceInputSpec):
    version = traits.Str(
        __version__, usedefault=True, desc='of the package: another one takes every step again'
    )


class _StepOutputSpec(TraitedSpec):
    result = File(exists=True, desc="what the step returned, saved in the node's folder")


class Step(SimpleInterface):
    """A step of the method: load what it needs, call it, and save what it returns.

    Inputs have the names of the function's parameters. Where a parameter is a result of another
    step, the input is the file in which that is saved. Other inputs decide only, with these,
    whether a step has to be taken again.
    """

    output_spec = _StepOutputSpec
    _function = ''

    def _run_interface(self, runtime):
        from pvs_workflow.method.saved import load_arguments

        module, _, name = self._function.partition('.')
        step = getattr(import_module(f'pvs_workflow.method.{module}'), name)
        result = step(**load_arguments(step, self.inputs.get()))
        self._results['result'] = str(result.save(Path(runtime.cwd)))
        return runtime


class _ConformInputSpec(_StepInputSpec):
    source = File(exists=True, mandatory=True, desc='image as the user stored it')
    is_t2w = traits.Bool(False, usedefault=True, desc='whether its slices must show ePVS')


class Conform(Step):
    """Check an image and permute its voxels to canonical order."""

    input_spec = _ConformInputSpec
    _function = 'conform.conform'


class _CorrectBiasInputSpec(_StepInputSpec):
    t2w = File(exists=True, mandatory=True, desc='T2w')
    seed = traits.Range(low=1, mandatory=True, desc='random seed of ANTs or TensorFlow')


class CorrectBias(Step):
    """Remove the shading of the receive coils with N4."""

    input_spec = _CorrectBiasInputSpec
    _function = 'correct.correct'


class RegisterTemplate(Step):
    """Register the template to a T2w with an affine transform."""

    input_spec = _CorrectBiasInputSpec
    _function = 'locate.register_template'


class _FindNucleiInputSpec(_CorrectBiasInputSpec):
    affine = File(exists=True, mandatory=True, desc='transform from the T2w to the template')


class FindNuclei(Step):
    """Find the nuclei of a T2w."""

    input_spec = _FindNucleiInputSpec
    _function = 'locate.find_nuclei'


class _FindROIInputSpec(_StepInputSpec):
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')


class FindROI(Step):
    """Add the enclosed capsule to the nuclei, and merge each hemisphere's."""

    input_spec = _FindROIInputSpec
    _function = 'locate.find_roi'


class _WarpTemplateInputSpec(_FindNucleiInputSpec):
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')


class WarpTemplate(Step):
    """Warp the template to the nuclei of a T2w."""

    input_spec = _WarpTemplateInputSpec
    _function = 'locate.warp_template'


class _AlignInputSpec(_CorrectBiasInputSpec):
    moving = File(exists=True, mandatory=True, desc='another contrast as scanned')


class Align(Step):
    """Register another contrast of the same head to the T2w, and resample it."""

    input_spec = _AlignInputSpec
    _function = 'align.align'


class _CompareNucleiInputSpec(_StepInputSpec):
    moving = File(exists=True, mandatory=True, desc='another contrast as scanned')
    aligned = File(exists=True, mandatory=True, desc='the same contrast, aligned')
    affine = File(exists=True, mandatory=True, desc='transform from the T2w to the template')
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class CompareNuclei(Step):
    """Find the nuclei in another contrast, too, to see whether it is aligned with the T2w."""

    input_spec = _CompareNucleiInputSpec
    _function = 'align.compare'


class _CutImagesInputSpec(_StepInputSpec):
    t2w = File(exists=True, mandatory=True, desc='T2w without shading')
    located = File(exists=True, mandatory=True, desc='basal ganglia')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")


class CutImages(Step):
    """Choose three slices and cut the six images, prepared as the cascade's card says."""

    input_spec = _CutImagesInputSpec
    _function = 'cut.cut'


class _RunCascadeInputSpec(_StepInputSpec):
    six = File(exists=True, mandatory=True, desc='six images')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class RunCascade(Step):
    """Enhance the images, count, and estimate the uncertainty of the counts."""

    input_spec = _RunCascadeInputSpec
    _function = 'count.count'


class _FindEPVSInputSpec(_StepInputSpec):
    t2w = File(exists=True, mandatory=True, desc='T2w without shading')
    six = File(exists=True, mandatory=True, desc='six images')
    counted = File(exists=True, mandatory=True, desc='counts and enhanced images')


class FindEPVS(Step):
    """Label the ePVS that the enhancement shows, and put all back into the volume."""

    input_spec = _FindEPVSInputSpec
    _function = 'find.find'


class _AssessQualityInputSpec(_StepInputSpec):
    six = File(exists=True, mandatory=True, desc='six images')
    located = File(exists=True, mandatory=True, desc='basal ganglia')
    counted = File(exists=True, mandatory=True, desc='counts')
    warp = File(exists=True, mandatory=True, desc='template on the T2w')
    fits = traits.List(
        File(exists=True), [], usedefault=True, desc='of the T2w with each other contrast'
    )


class AssessQuality(Step):
    """Flag what is implausible about a result."""

    input_spec = _AssessQualityInputSpec
    _function = 'assess.assess_quality'
