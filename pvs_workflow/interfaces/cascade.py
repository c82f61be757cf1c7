"""Steps from the basal ganglia to counts, ePVS and flags."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    Directory,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)


class _ResultOutputSpec(TraitedSpec):
    result = File(exists=True, desc="what the step returned, saved in the node's folder")


class _CutImagesInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")
    source = traits.Str(mandatory=True, desc='name of the input file, for messages')


class CutImages(SimpleInterface):
    """Choose three slices and cut the six images, prepared as the cascade's card says."""

    input_spec = _CutImagesInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed, prefix_errors
        from pvs_workflow.method.cut import cut
        from pvs_workflow.method.locate import BasalGanglia
        from pvs_workflow.networks.bundle import verify_bundle

        how = verify_bundle(Path(self.inputs.model)).preprocessing
        t2w, located = Conformed.load(self.inputs.t2w), BasalGanglia.load(self.inputs.located)
        with prefix_errors(self.inputs.source):
            six = cut(t2w, located, how)
        self._results['result'] = str(six.save(Path(runtime.cwd)))
        return runtime


class _RunCascadeInputSpec(BaseInterfaceInputSpec):
    six = File(exists=True, mandatory=True, desc='SixImages')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class RunCascade(SimpleInterface):
    """Enhance the images, count, and estimate the uncertainty of the counts."""

    input_spec = _RunCascadeInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.count import count
        from pvs_workflow.method.cut import SixImages

        model = Path(self.inputs.model), self.inputs.model_sha256
        counted = count(SixImages.load(self.inputs.six), *model, self.inputs.seed)
        self._results['result'] = str(counted.save(Path(runtime.cwd)))
        return runtime


class _FindEPVSInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='Conformed, without shading')
    six = File(exists=True, mandatory=True, desc='SixImages')
    counted = File(exists=True, mandatory=True, desc='ImageCounts')


class FindEPVS(SimpleInterface):
    """Label the ePVS that the enhancement shows, and put all back into the volume."""

    input_spec = _FindEPVSInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.conform import Conformed
        from pvs_workflow.method.count import ImageCounts
        from pvs_workflow.method.cut import SixImages
        from pvs_workflow.method.find import find

        six, counted = SixImages.load(self.inputs.six), ImageCounts.load(self.inputs.counted)
        found = find(Conformed.load(self.inputs.t2w), six, counted)
        self._results['result'] = str(found.save(Path(runtime.cwd)))
        return runtime


class _AssessQualityInputSpec(BaseInterfaceInputSpec):
    located = File(exists=True, mandatory=True, desc='BasalGanglia')
    six = File(exists=True, mandatory=True, desc='SixImages')
    counted = File(exists=True, mandatory=True, desc='ImageCounts')
    warp = File(exists=True, mandatory=True, desc='Warp of the template')
    comparisons = traits.List(
        File(exists=True), [], usedefault=True, desc='Comparison with each other contrast'
    )


class AssessQuality(SimpleInterface):
    """Flag what is implausible about a result."""

    input_spec = _AssessQualityInputSpec
    output_spec = _ResultOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.method.align import Comparison
        from pvs_workflow.method.assess import assess_quality
        from pvs_workflow.method.count import ImageCounts
        from pvs_workflow.method.cut import SixImages
        from pvs_workflow.method.locate import BasalGanglia, Warp

        six, located = SixImages.load(self.inputs.six), BasalGanglia.load(self.inputs.located)
        counted, warp = ImageCounts.load(self.inputs.counted), Warp.load(self.inputs.warp)
        comparisons = [Comparison.load(path) for path in self.inputs.comparisons]
        quality = assess_quality(six, located, counted, warp.correlation, comparisons)
        self._results['result'] = str(quality.save(Path(runtime.cwd)))
        return runtime
