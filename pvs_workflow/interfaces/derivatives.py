"""Results under their final names: in the input's storage order, each in one step."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.interfaces.io import load_array, load_image, load_views


class _SaveImageInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc='canonical volume on the T2w grid')
    t2w_file = File(mandatory=True, desc='the T2w as the user stored it')
    stem = traits.Str(mandatory=True, desc='path of the result without suffixes')
    sidecar = traits.Dict(mandatory=True, desc='metadata of the result')
    voxel_size = traits.Bool(False, usedefault=True, desc='add the size of the voxels to it')
    lookup = traits.Enum(
        'none', 'roi', 'structures', usedefault=True, desc='labels that a TSV shall explain'
    )


class _SaveOutputSpec(TraitedSpec):
    out_file = File(exists=True, desc='the written file')


class SaveImage(SimpleInterface):
    """Write a volume in the T2w's own voxel order, with a sidecar."""

    input_spec = _SaveImageInputSpec
    output_spec = _SaveOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.files import write_json
        from pvs_workflow.interfaces.storage import (
            restore,
            save_stored,
            stored_voxel_size,
            write_lookup,
        )

        original, shape = open_nifti(self.inputs.t2w_file)
        image = restore(load_image(self.inputs.in_file), original, shape)
        target = Path(f'{self.inputs.stem}.nii.gz')
        save_stored(image, target)
        if self.inputs.lookup != 'none':
            write_lookup(self.inputs.lookup, Path(f'{self.inputs.stem}.tsv'))
        sidecar = dict(self.inputs.sidecar)
        if self.inputs.voxel_size:
            sidecar['VoxelSize'] = stored_voxel_size(original)
        write_json(Path(f'{self.inputs.stem}.json'), sidecar)
        self._results['out_file'] = str(target)
        return runtime


class _SaveFileInputSpec(BaseInterfaceInputSpec):
    in_file = File(exists=True, mandatory=True, desc='file to copy as it is')
    target = traits.Str(mandatory=True, desc='path of the result')


class SaveFile(SimpleInterface):
    """Copy a file to its final name."""

    input_spec = _SaveFileInputSpec
    output_spec = _SaveOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        from pvs_workflow.files import copy_file

        copy_file(Path(self.inputs.in_file), Path(self.inputs.target))
        self._results['out_file'] = self.inputs.target
        return runtime


class _SaveTablesInputSpec(BaseInterfaceInputSpec):
    t2w_file = File(mandatory=True, desc='the T2w as the user stored it')
    t2w_name = traits.Str(mandatory=True, desc='its path relative to the dataset')
    participant = traits.Str(mandatory=True, desc='label')
    session = traits.Str('', usedefault=True, desc='label, empty without sessions')
    stem = traits.Str(mandatory=True, desc='path of the results before their desc entity')
    sources = traits.List(traits.Str, desc='BIDS URIs of what they were made from')
    images = File(exists=True, mandatory=True, desc='npz with the ROI of each image')
    views = File(exists=True, mandatory=True, desc='JSON: where the images lie')
    prediction = File(exists=True, mandatory=True, desc='npz of counts and intervals')
    evidence = File(exists=True, mandatory=True, desc='npz of instance labels and strengths')
    instances = File(exists=True, mandatory=True, desc='instance labels in the canonical volume')
    images_qc = traits.List(traits.Str, mandatory=True, desc='flag of each image')
    overall = traits.Str(mandatory=True, desc='flag of the scan')
    reasons = traits.List(traits.Str, mandatory=True, desc='why it is not pass')
    model_label = traits.Str(mandatory=True, desc='name and version of the cascade')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")


class _SaveTablesOutputSpec(TraitedSpec):
    counts = File(exists=True, desc='table of the six images')
    grade = File(exists=True, desc='table of one row')
    instances = File(exists=True, desc='table of the found ePVS')


class SaveTables(SimpleInterface):
    """Write instances, counts, and the grade last: who has a grade has all."""

    input_spec = _SaveTablesInputSpec
    output_spec = _SaveTablesOutputSpec
    _always_run = True

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.derivatives.counts import count_table, grade_table
        from pvs_workflow.derivatives.instances import instance_table
        from pvs_workflow.derivatives.tables import write_table
        from pvs_workflow.interfaces.storage import stored_slices
        from pvs_workflow.science.instances import Instances
        from pvs_workflow.science.quality import roi_areas

        values = self.inputs
        views, found = load_views(values.views), np.load(values.prediction)
        slices = stored_slices(views, values.t2w_file)
        evidence = np.load(values.evidence)
        volume = load_array(values.instances, 'int32'), load_image(values.instances).affine
        labelled = Instances(evidence['labels'], evidence['strengths'])
        instances = instance_table(labelled, *volume, views, slices)
        counts = count_table(
            views,
            slices,
            *(found[name] for name in ('counts', 'lows', 'highs')),
            evidence['instances'],
            roi_areas(np.load(values.images)['rois']),
            values.images_qc,
        )
        grade = grade_table(
            participant=values.participant,
            session=values.session or None,
            t2w=values.t2w_name,
            counts=counts,
            probabilities=found['probabilities'],
            qc=values.overall,
            reasons=values.reasons,
            model=values.model_label,
            model_sha256=values.model_sha256,
        )
        for name, tail, table, frame in (
            ('instances', 'space-T2w_desc', 'epvs_instances', instances),
            ('counts', 'desc', 'epvs_counts', counts),
            ('grade', 'desc', 'potter_grade', grade),
        ):
            path = Path(f'{values.stem}_{tail}-{table}.tsv')
            write_table(frame, path, table, values.sources)
            self._results[name] = str(path)
        return runtime
