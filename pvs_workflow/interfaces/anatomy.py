"""From files of any order to aligned, canonical volumes."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.interfaces.io import about, load_image, read_canonical, save_image


class _ConformInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc='image as the user stored it')
    is_t2w = traits.Bool(False, usedefault=True, desc='whether its slices must show ePVS')


class _ConformOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc='the same voxels in canonical order, float32')


class Conform(SimpleInterface):
    """Check an image and permute its voxels to canonical order."""

    input_spec = _ConformInputSpec
    output_spec = _ConformOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.science.checks import check_t2w_grid

        with about(self.inputs.in_file):
            data, affine, _ = read_canonical(self.inputs.in_file)
            if self.inputs.is_t2w:
                check_t2w_grid(data.shape, affine)
        out = Path(runtime.cwd) / 'conformed.nii.gz'
        self._results['out_file'] = save_image(data, affine, out)
        return runtime


class _CorrectBiasInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc='canonical volume')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _CorrectBiasOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc='the volume without its bias field')


class CorrectBias(SimpleInterface):
    """Remove the shading of the receive coils with N4."""

    input_spec = _CorrectBiasInputSpec
    output_spec = _CorrectBiasOutputSpec

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.registration.bias import correct_bias

        out = correct_bias(load_image(self.inputs.in_file), self.inputs.seed)
        path = Path(runtime.cwd) / 'corrected.nii.gz'
        self._results['out_file'] = save_image(np.asarray(out.dataobj), out.affine, path)
        return runtime


class _RegisterRigidInputSpec(BaseInterfaceInputSpec):
    fixed = File(exists=True, mandatory=True, desc='canonical volume to align to')
    moving = File(exists=True, mandatory=True, desc='canonical volume to align')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _RegisterRigidOutputSpec(TraitedSpec):
    transform = File(exists=True, desc='rigid transform, ITK text')
    handedness = traits.Float(desc='mutual information over that of the mirror image')


class RegisterRigid(SimpleInterface):
    """Align two contrasts of one head."""

    input_spec = _RegisterRigidInputSpec
    output_spec = _RegisterRigidOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.registration.rigid import register_rigid

        path = Path(runtime.cwd) / 'rigid.txt'
        self._results['handedness'] = register_rigid(
            load_image(self.inputs.fixed), load_image(self.inputs.moving), path, self.inputs.seed
        )
        self._results['transform'] = str(path)
        return runtime


class _ResampleInputSpec(BaseInterfaceInputSpec):
    reference = File(exists=True, mandatory=True, desc='canonical volume whose grid is taken')
    in_file = File(exists=True, mandatory=True, desc='volume to carry over')
    transform = File(exists=True, mandatory=True, desc='from in_file to reference')
    seed = traits.Range(low=1, mandatory=True, desc="ANTs' random seed")


class _ResampleOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc="in_file on the reference's grid")


class Resample(SimpleInterface):
    """Carry a volume over to another grid, with one interpolation."""

    input_spec = _ResampleInputSpec
    output_spec = _ResampleOutputSpec

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.registration.transforms import apply_transforms

        reference, moving = load_image(self.inputs.reference), load_image(self.inputs.in_file)
        chain = [Path(self.inputs.transform)]
        out = apply_transforms(reference, moving, chain, self.inputs.seed)
        path = Path(runtime.cwd) / 'resampled.nii.gz'
        self._results['out_file'] = save_image(np.asarray(out.dataobj), reference.affine, path)
        return runtime
