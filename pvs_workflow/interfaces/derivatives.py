"""Interfaces that write results under their final names."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

IMAGE_SUFFIXES = ('.nii.gz', '.json')
"""Suffixes of the files of one image."""


class _SaveOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc='the written file; undefined if the result is unusable')


class Save(SimpleInterface):
    """Write a part of a result, or remove that of an earlier run if the result is unusable."""

    output_spec = _SaveOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.files import remove_files
        from pvs_workflow.method.saved import is_unusable

        if is_unusable(self.inputs.result):
            remove_files(self._targets())
        else:
            self._results['out_file'] = str(self._write())
        return runtime


class _SaveImageInputSpec(BaseInterfaceInputSpec):
    result = File(exists=True, mandatory=True, desc='saved result that contains the image')
    field = traits.Str('image', usedefault=True, desc='field of the result')
    t2w_file = File(mandatory=True, desc="the user's T2w file")
    stem = traits.Str(mandatory=True, desc='path of the derivative without suffixes')
    sidecar = traits.Dict(mandatory=True, desc='metadata of the derivative')
    voxel_size = traits.Bool(False, usedefault=True, desc='add the voxel size to the metadata')
    lookup = traits.Enum(
        'none', 'roi', 'structures', usedefault=True, desc='lookup table (TSV) of the labels'
    )


class SaveImage(Save):
    """Write an image in the voxel order of the T2w file, with a sidecar."""

    input_spec = _SaveImageInputSpec

    def _targets(self):
        return [f'{self.inputs.stem}{suffix}' for suffix in IMAGE_SUFFIXES]

    def _write(self):
        import nibabel as nb

        from pvs_workflow.derivatives.images import save_derivative, write_lookup
        from pvs_workflow.method.saved import saved_file

        image = nb.load(saved_file(self.inputs.result, self.inputs.field))
        if self.inputs.lookup != 'none':
            write_lookup(self.inputs.lookup, Path(f'{self.inputs.stem}.tsv'))
        described = self.inputs.stem, self.inputs.sidecar, self.inputs.voxel_size
        return save_derivative(image, Path(self.inputs.t2w_file), *described)


class _SaveTransformInputSpec(BaseInterfaceInputSpec):
    result = File(exists=True, mandatory=True, desc='saved result that contains a transform')
    target = traits.Str(mandatory=True, desc='path of the derivative')


class SaveTransform(Save):
    """Copy a transform to its final name."""

    input_spec = _SaveTransformInputSpec

    def _targets(self):
        return [self.inputs.target]

    def _write(self):
        from pvs_workflow.files import copy_file
        from pvs_workflow.method.saved import saved_file

        copy_file(saved_file(self.inputs.result, 'transform'), Path(self.inputs.target))
        return self.inputs.target


class _SaveTablesInputSpec(BaseInterfaceInputSpec):
    six = File(exists=True, mandatory=True, desc='six images')
    counted = File(exists=True, mandatory=True, desc='counts')
    found = File(exists=True, mandatory=True, desc='detected ePVS')
    quality = File(exists=True, mandatory=True, desc='quality flags')
    identity = traits.Dict(
        mandatory=True, desc='participant, session, t2w, model and model_sha256 of the grade'
    )
    stem = traits.Str(mandatory=True, desc='path that the names of the tables begin with')
    sources = traits.List(traits.Str, desc='BIDS URIs of the source files')
    obsolete = traits.List(
        traits.Str, [], usedefault=True, desc='files that only an earlier run can have written'
    )


class _SaveTablesOutputSpec(TraitedSpec):
    epvs_instances = File(exists=True, desc='table of the detected ePVS')
    epvs_counts = File(exists=True, desc='table of the six images')
    potter_grade = File(exists=True, desc='table of the grade, one row')


class SaveTables(SimpleInterface):
    """Write the tables; the grade comes last, so its presence marks a complete result."""

    input_spec = _SaveTablesInputSpec
    output_spec = _SaveTablesOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.derivatives.tables import save_results
        from pvs_workflow.files import remove_files
        from pvs_workflow.method.saved import load_arguments
        from pvs_workflow.method.tables import tabulate

        remove_files(self.inputs.obsolete)
        tables = tabulate(**load_arguments(tabulate, self.inputs.get()))
        written = save_results(tables, self.inputs.stem, self.inputs.sources)
        self._results |= {name: str(path) for name, path in written.items()}
        return runtime
