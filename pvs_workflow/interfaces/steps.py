"""Nipype interfaces to the steps of the method."""

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
        __version__, usedefault=True, desc='package version; a new version reruns every step'
    )


class _StepOutputSpec(TraitedSpec):
    result = File(exists=True, desc="result of the step, saved in the node's folder")


class Step(SimpleInterface):
    """A step of the method: load its arguments, call it, and save its result.

    Inputs have the names of the function's parameters. If a parameter is a result of another
    step, the input is its file. Inputs that are not parameters only affect the node's hash, and
    so whether the step is rerun.
    """

    output_spec = _StepOutputSpec
    _function = ''

    def _run_interface(self, runtime):
        from pvs_workflow.method.saved import load_arguments

        module, _, name = self._function.partition('.')
        step = getattr(import_module(f'pvs_workflow.method.{module}'), name)
        result = self._call(step, load_arguments(step, self.inputs.get()))
        self._results['result'] = str(result.save(Path(runtime.cwd)))
        return runtime

    def _call(self, step, arguments):
        return step(**arguments)


class _OptionalStepInputSpec(_StepInputSpec):
    failure = traits.Str('', usedefault=True, desc='why an earlier attempt failed')


class OptionalStep(Step):
    """A step on an optional image, whose errors become its result.

    The plugin runs the step again with ``failure`` if its process was killed, for example.
    """

    is_optional = True

    def _call(self, step, arguments):
        from pvs_workflow.method.optional import attempt

        return attempt(step, arguments, self.inputs.failure)


class _ConformInputSpec(_StepInputSpec):
    source = File(exists=True, mandatory=True, desc="the user's image file")
    is_t2w = traits.Bool(False, usedefault=True, desc='check that its voxels can show ePVS')


class Conform(Step):
    """Check a T2w and permute its voxels to canonical order."""

    input_spec = _ConformInputSpec
    _function = 'conform.conform'


class _ConformContrastInputSpec(_OptionalStepInputSpec):
    # Nipype would read a file to compute its hash, before the step can catch errors.
    source = traits.Str(mandatory=True, desc="the user's image file")
    is_t2w = traits.Bool(False, usedefault=True, desc='check that its voxels can show ePVS')


class ConformContrast(OptionalStep):
    """Check another contrast and permute its voxels to canonical order."""

    input_spec = _ConformContrastInputSpec
    _function = 'conform.conform'
    _always_run = True


class _CorrectBiasInputSpec(_StepInputSpec):
    t2w = File(exists=True, mandatory=True, desc='T2w')
    seed = traits.Range(low=1, mandatory=True, desc='random seed of ANTs or TensorFlow')


class CorrectBias(Step):
    """Remove the bias field with N4."""

    input_spec = _CorrectBiasInputSpec
    _function = 'correct.correct'


class RegisterTemplate(Step):
    """Register the template to a T2w with an affine transform."""

    input_spec = _CorrectBiasInputSpec
    _function = 'locate.register_template'


class _FindNucleiInputSpec(_CorrectBiasInputSpec):
    affine = File(exists=True, mandatory=True, desc='transform from the T2w to the template')


class FindNuclei(Step):
    """Segment the nuclei of a T2w."""

    input_spec = _FindNucleiInputSpec
    _function = 'locate.find_nuclei'


class _FindROIInputSpec(_StepInputSpec):
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')


class FindROI(Step):
    """Add the enclosed capsule to the nuclei, and merge the structures of each hemisphere."""

    input_spec = _FindROIInputSpec
    _function = 'locate.find_roi'


class _WarpTemplateInputSpec(_FindNucleiInputSpec):
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')


class WarpTemplate(Step):
    """Warp the template to the nuclei of a T2w."""

    input_spec = _WarpTemplateInputSpec
    _function = 'locate.warp_template'


class _AlignInputSpec(_OptionalStepInputSpec, _CorrectBiasInputSpec):
    moving = File(exists=True, mandatory=True, desc='another contrast, conformed')


class Align(OptionalStep):
    """Register another contrast of the same head to the T2w, and resample it."""

    input_spec = _AlignInputSpec
    _function = 'align.align'


class _CompareNucleiInputSpec(_OptionalStepInputSpec):
    moving = File(exists=True, mandatory=True, desc='another contrast, conformed')
    aligned = File(exists=True, mandatory=True, desc='the same contrast, aligned')
    affine = File(exists=True, mandatory=True, desc='transform from the T2w to the template')
    nuclei = File(exists=True, mandatory=True, desc='nuclei of the T2w')
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class CompareNuclei(OptionalStep):
    """Segment the nuclei in another contrast to check its alignment with the T2w."""

    input_spec = _CompareNucleiInputSpec
    _function = 'align.compare'


class _CutImagesInputSpec(_StepInputSpec):
    t2w = File(exists=True, mandatory=True, desc='bias-corrected T2w')
    located = File(exists=True, mandatory=True, desc='basal ganglia')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")


class CutImages(Step):
    """Choose three slices and cut the six images, preprocessed as the cascade's card defines."""

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
    t2w = File(exists=True, mandatory=True, desc='bias-corrected T2w')
    six = File(exists=True, mandatory=True, desc='six images')
    counted = File(exists=True, mandatory=True, desc='counts and enhanced images')


class FindEPVS(Step):
    """Label the ePVS on the enhanced images, and place the results in the volume."""

    input_spec = _FindEPVSInputSpec
    _function = 'find.find'


class _AssessQualityInputSpec(_StepInputSpec):
    six = File(exists=True, mandatory=True, desc='six images')
    located = File(exists=True, mandatory=True, desc='basal ganglia')
    counted = File(exists=True, mandatory=True, desc='counts')
    warp = File(exists=True, mandatory=True, desc='template on the T2w')
    t2w = File(exists=True, mandatory=True, desc='bias-corrected T2w')
    affine = File(exists=True, mandatory=True, desc='transform from the T2w to the template')
    fits = traits.List(
        File(exists=True), [], usedefault=True, desc='fits of the T2w and each other contrast'
    )
    problems = traits.List(
        traits.Str, [], usedefault=True, desc='what was wrong with optional files'
    )


class AssessQuality(Step):
    """Flag implausible properties of a result."""

    input_spec = _AssessQualityInputSpec
    _function = 'assess.assess_quality'
