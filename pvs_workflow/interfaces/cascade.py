"""ROI, six images, networks, evidence, quality."""

from pathlib import Path

from nipype.interfaces.base import (
    BaseInterfaceInputSpec,
    Directory,
    File,
    SimpleInterface,
    TraitedSpec,
    traits,
)

from pvs_workflow.interfaces.io import (
    about,
    load_array,
    load_image,
    load_views,
    save_image,
    save_views,
)


class _FindROIInputSpec(BaseInterfaceInputSpec):
    labels = File(exists=True, mandatory=True, desc='grey nuclei on the T2w grid')


class _FindROIOutputSpec(TraitedSpec):
    structures = File(exists=True, desc='the nuclei with the internal capsule')
    roi = File(exists=True, desc='basal ganglia: 1 left, 2 right')


class FindROI(SimpleInterface):
    """Add the enclosed capsule to the nuclei, and merge each hemisphere."""

    input_spec = _FindROIInputSpec
    output_spec = _FindROIOutputSpec

    def _run_interface(self, runtime):
        from pvs_workflow.science.roi import add_capsule, roi_labels

        labels = load_image(self.inputs.labels)
        structures = add_capsule(load_array(self.inputs.labels, 'int16'))
        for name, array in (('structures', structures), ('roi', roi_labels(structures))):
            path = Path(runtime.cwd) / f'{name}.nii.gz'
            self._results[name] = save_image(array, labels.affine, path)
        return runtime


class _CutImagesInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='canonical T2w')
    roi = File(exists=True, mandatory=True, desc='basal ganglia: 1 left, 2 right')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")
    source = traits.Str(mandatory=True, desc='name of the input file, for messages')


class _CutImagesOutputSpec(TraitedSpec):
    images = File(
        exists=True,
        desc='npz: images (6, 80, 96) in [0, 1], their rois, and shown, unblanked, for eyes',
    )
    views = File(exists=True, desc='JSON: where the images lie')


class CutImages(SimpleInterface):
    """Choose three slices and cut the six images, prepared as the cascade's card says."""

    input_spec = _CutImagesInputSpec
    output_spec = _CutImagesOutputSpec

    def _run_interface(self, runtime):
        from dataclasses import replace

        import numpy as np

        from pvs_workflow.networks.bundle import verify_bundle
        from pvs_workflow.science.sampling import cut_six

        card = verify_bundle(Path(self.inputs.model))
        t2w = load_image(self.inputs.t2w)
        roi = load_array(self.inputs.roi, 'uint8')
        with about(self.inputs.source):
            volume = np.asarray(t2w.dataobj)
            views, images, rois = cut_six(volume, roi, t2w.affine, card.preprocessing)
            whole = replace(card.preprocessing, outside='keep')
            _, shown, _ = cut_six(volume, roi, t2w.affine, whole)
        self._results['images'] = str(Path(runtime.cwd) / 'images.npz')
        np.savez(self._results['images'], images=images, rois=rois, shown=shown)
        self._results['views'] = save_views(views, Path(runtime.cwd) / 'views.json')
        return runtime


class _RunCascadeInputSpec(BaseInterfaceInputSpec):
    images = File(exists=True, mandatory=True, desc='npz with the six images')
    model = Directory(exists=True, mandatory=True, nohash=True, desc='cascade bundle')
    model_sha256 = traits.Str(mandatory=True, desc="checksum of the bundle's card")
    seed = traits.Range(low=1, mandatory=True, desc="TensorFlow's random seed")


class _RunCascadeOutputSpec(TraitedSpec):
    prediction = File(
        exists=True,
        desc='npz: enhanced, evidence (6, 80, 96), counts, lows, highs, distances, familiar (6,), '
        'probabilities (5,)',
    )


class RunCascade(SimpleInterface):
    """Enhance, count, and say how sure the count is."""

    input_spec = _RunCascadeInputSpec
    output_spec = _RunCascadeOutputSpec

    def _run_interface(self, runtime):
        from dataclasses import asdict

        import numpy as np

        from pvs_workflow.networks.bundle import cached_bundle
        from pvs_workflow.networks.engine import configure_tensorflow
        from pvs_workflow.networks.sureness import assess

        # One thread: the last digits of a sum depend on how many share it.
        configure_tensorflow(1, self.inputs.seed)
        cascade = cached_bundle(Path(self.inputs.model), self.inputs.model_sha256)
        images = np.load(self.inputs.images)['images']
        found = cascade.predict(images)
        self._results['prediction'] = str(Path(runtime.cwd) / 'prediction.npz')
        sureness = assess(cascade.card, images, found)
        np.savez(
            self._results['prediction'],
            enhanced=found.enhanced,
            evidence=found.evidence,
            counts=found.counts,
            **asdict(sureness),
        )
        return runtime


class _FindEvidenceInputSpec(BaseInterfaceInputSpec):
    t2w = File(exists=True, mandatory=True, desc='canonical T2w')
    images = File(exists=True, mandatory=True, desc='npz with the six images')
    views = File(exists=True, mandatory=True, desc='JSON: where the images lie')
    prediction = File(exists=True, mandatory=True, desc='npz of enhanced images and counts')


class _FindEvidenceOutputSpec(TraitedSpec):
    enhanced = File(exists=True, desc='enhanced images in their place in the volume')
    instances = File(exists=True, desc='each found ePVS its own label, in the volume')
    evidence = File(
        exists=True, desc='npz: the same labels per image, how many of them, how strong each is'
    )


class FindEvidence(SimpleInterface):
    """Label the ePVS that the enhancement shows, and put all back into the volume."""

    input_spec = _FindEvidenceInputSpec
    output_spec = _FindEvidenceOutputSpec

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.science.instances import drop_unplaced, find_instances
        from pvs_workflow.science.sampling import place_back

        t2w = load_image(self.inputs.t2w)
        views = load_views(self.inputs.views)
        cut = np.load(self.inputs.images)
        cascade = np.load(self.inputs.prediction)
        found = find_instances(cut['images'], cascade['evidence'], cut['rois'], cascade['counts'])
        volume, labels = place_back(
            cascade['enhanced'], found.labels, views, t2w.shape, t2w.affine
        )
        found, labels = drop_unplaced(found, labels)
        for name, array in (('enhanced', volume), ('instances', labels)):
            path = Path(runtime.cwd) / f'{name}.nii.gz'
            self._results[name] = save_image(array, t2w.affine, path)
        self._results['evidence'] = str(Path(runtime.cwd) / 'evidence.npz')
        np.savez(
            self._results['evidence'],
            labels=found.labels,
            instances=found.numbers,
            strengths=found.strengths,
        )
        return runtime


class _JudgeInputSpec(BaseInterfaceInputSpec):
    roi = File(exists=True, mandatory=True, desc='basal ganglia: 1 left, 2 right')
    images = File(exists=True, mandatory=True, desc='npz with the six images')
    views = File(exists=True, mandatory=True, desc='JSON: where the images lie')
    correlation = traits.Float(mandatory=True, desc='of the template with the scan')
    agreements = traits.List(
        traits.Float,
        [],
        usedefault=True,
        desc='overlap of the nuclei in the T2w and in each other contrast',
    )
    handedness = traits.List(
        traits.Float,
        [],
        usedefault=True,
        desc='mutual information of each other contrast over that of its mirror image',
    )
    prediction = File(exists=True, mandatory=True, desc='npz: familiar (6,)')


class _JudgeOutputSpec(TraitedSpec):
    images_qc = traits.List(traits.Str, desc='pass, review or fail for each image')
    overall = traits.Str(desc='the worst of them and of the whole')
    reasons = traits.List(traits.Str, desc='why it is not pass')


class Judge(SimpleInterface):
    """Flag what is implausible about a scan."""

    input_spec = _JudgeInputSpec
    output_spec = _JudgeOutputSpec

    def _run_interface(self, runtime):
        import numpy as np

        from pvs_workflow.science.quality import judge, roi_volumes
        from pvs_workflow.science.slabs import slices_per_slab

        image = load_image(self.inputs.roi)
        quality = judge(
            np.load(self.inputs.images)['rois'],
            roi_volumes(load_array(self.inputs.roi, 'uint8'), image.affine),
            [view.slice_index for view in load_views(self.inputs.views)],
            image.shape[2] // slices_per_slab(image.affine),
            self.inputs.correlation,
            np.load(self.inputs.prediction)['familiar'].tolist(),
            list(self.inputs.agreements),
            list(self.inputs.handedness),
        )
        self._results['images_qc'] = list(quality.images)
        self._results['overall'] = quality.overall
        self._results['reasons'] = list(quality.reasons)
        return runtime
