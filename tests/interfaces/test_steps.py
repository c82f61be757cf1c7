"""Nodes run the steps of the method, and pass results as files."""

import inspect
from importlib import import_module

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.errors import ImageError
from pvs_workflow.interfaces import steps
from pvs_workflow.interfaces.steps import (
    Align,
    AssessQuality,
    CompareNuclei,
    Conform,
    ConformContrast,
    CutImages,
    FindEPVS,
    FindROI,
)
from pvs_workflow.method.align import ContrastFit
from pvs_workflow.method.assess import Quality
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.find import FoundEPVS
from pvs_workflow.method.locate import BasalGanglia, Nuclei
from tests.builders.method import (
    image_counts,
    six_images,
    small_head,
    spots,
    template_affine,
    warp,
)

STEPS = {
    name: step
    for name, step in inspect.getmembers(steps, inspect.isclass)
    if issubclass(step, steps.Step) and step._function
}


@pytest.mark.parametrize('name', STEPS)
def test_inputs_are_the_parameters_of_the_function(name):
    module, function = STEPS[name]._function.split('.')
    step = getattr(import_module(f'pvs_workflow.method.{module}'), function)
    inputs = set(STEPS[name].input_spec().copyable_trait_names())
    parameters = set(inspect.signature(step).parameters)
    assert parameters <= inputs
    # These only affect whether a step is rerun.
    assert inputs - parameters <= {'version', 'model_sha256', 'failure'}


def test_a_new_version_reruns_every_step():
    nodes = [FindROI(), FindROI(version='0')]
    hashes = {node.inputs.get_hashval(hash_method='content')[1] for node in nodes}
    assert len(hashes) == 2


def test_a_conformed_image_is_saved_in_the_folder_of_its_node(tmp_path):
    voxels = np.random.default_rng(0).integers(1, 900, (60, 50, 12)).astype(np.int16)
    nb.save(nb.Nifti1Image(voxels, np.diag([-1, 1, 5, 1])), tmp_path / 'a.nii.gz')
    node = tmp_path / 'node'
    node.mkdir()
    outputs = Conform(source=tmp_path / 'a.nii.gz', is_t2w=True).run(cwd=node).outputs
    assert outputs.result == str(node / 'Conformed.json')
    assert np.array_equal(Conformed.load(outputs.result).image.dataobj, voxels[::-1])


def test_an_error_names_the_unusable_image(tmp_path):
    nb.save(nb.Nifti1Image(np.zeros((9, 9, 9), np.int16), np.eye(4)), tmp_path / 'a.nii.gz')
    with pytest.raises(ImageError, match=r'^a\.nii\.gz cannot be used: it is empty'):
        Conform(source=tmp_path / 'a.nii.gz').run(cwd=tmp_path)


def test_nuclei_become_basal_ganglia(tmp_path):
    structures = small_head()[1].structures
    nuclei = Nuclei(structures, structures, structures).save(tmp_path / 'nuclei')
    outputs = FindROI(nuclei=str(nuclei)).run(cwd=tmp_path).outputs
    roi = np.asarray(BasalGanglia.load(outputs.result).roi.dataobj)
    assert np.array_equal(roi > 0, np.asarray(structures.dataobj) > 0)


@pytest.fixture
def files(tmp_path):
    """Return saved results of a faultless scan."""
    t2w, located = small_head()
    results = {
        't2w': t2w,
        'located': located,
        'six': six_images(np.asarray(located.roi.dataobj)),
        'counted': image_counts([2.0] * 6, spots([1] * 6)),
        'warp': warp(0.9),
        'affine': template_affine(),
    }
    return {name: str(result.save(tmp_path / name)) for name, result in results.items()}


def test_six_images_are_cut(tmp_path, files):
    inputs = {name: files[name] for name in ('t2w', 'located')}
    model = {'model': data.path('cascade'), 'model_sha256': ''}
    six = SixImages.load(CutImages(**inputs, **model).run(cwd=tmp_path).outputs.result)
    assert six.slices == (3, 4, 5) * 2


def test_epvs_are_found_on_every_image(tmp_path, files):
    inputs = {name: files[name] for name in ('t2w', 'six', 'counted')}
    found = FoundEPVS.load(FindEPVS(**inputs).run(cwd=tmp_path).outputs.result)
    assert found.on_images.numbers == [1] * 6


@pytest.mark.parametrize(('overlaps', 'overall'), [([], 'pass'), ([0.9, 0.7], 'review')])
def test_a_misaligned_contrast_needs_review(tmp_path, files, overlaps, overall):
    others = [
        str(ContrastFit('T1w.nii', overlap, 1.2).save(tmp_path / f'{overlap}'))
        for overlap in overlaps
    ]
    outputs = AssessQuality(**files, fits=others).run(cwd=tmp_path).outputs
    assert Quality.load(outputs.result).overall == overall


def test_an_unusable_contrast_is_passed_on(tmp_path, files):
    nb.save(nb.Nifti1Image(np.zeros((9, 9, 9, 4), np.int16), np.eye(4)), tmp_path / 'T1w.nii')
    read = ConformContrast(source=str(tmp_path / 'T1w.nii')).run(cwd=tmp_path).outputs.result
    inputs = {'t2w': files['t2w'], 'moving': read, 'seed': 1}
    (tmp_path / 'align').mkdir()
    aligned = Align(**inputs).run(cwd=tmp_path / 'align').outputs.result
    inputs = {'moving': read, 'aligned': aligned, 'affine': aligned, 'nuclei': aligned}
    (tmp_path / 'fit').mkdir()
    fit = CompareNuclei(**inputs, seed=1).run(cwd=tmp_path / 'fit').outputs.result
    assess = AssessQuality(**files, fits=[fit], problems=['T2w.json is a broken link'])
    quality = Quality.load(assess.run(cwd=tmp_path).outputs.result)
    assert (quality.overall, quality.reasons) == (
        'review',
        (
            'T2w.json is a broken link',
            'T1w.nii cannot be used: it is 4D (9 × 9 × 9 × 4 voxels), give a 3D image',
        ),
    )
