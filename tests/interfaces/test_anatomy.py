"""Nodes pass results on as files."""

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.interfaces.anatomy import Conform, FindROI
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.locate import BasalGanglia, Nuclei
from tests.builders.method import small_head


def test_a_conformed_image_is_saved_in_the_folder_of_its_node(tmp_path):
    voxels = np.random.default_rng(0).integers(1, 900, (30, 40, 12)).astype(np.int16)
    nb.save(nb.Nifti1Image(voxels, np.diag([-1, 1, 5, 1])), tmp_path / 'a.nii.gz')
    node = tmp_path / 'node'
    node.mkdir()
    outputs = Conform(in_file=tmp_path / 'a.nii.gz', is_t2w=True).run(cwd=node).outputs
    assert outputs.result == str(node / 'Conformed.json')
    assert np.array_equal(Conformed.load(outputs.result).image.dataobj, voxels[::-1])


def test_an_unusable_image_is_named(tmp_path):
    nb.save(nb.Nifti1Image(np.zeros((9, 9, 9), np.int16), np.eye(4)), tmp_path / 'a.nii.gz')
    with pytest.raises(ImageError, match=r'^a\.nii\.gz cannot be used: it is empty'):
        Conform(in_file=tmp_path / 'a.nii.gz').run(cwd=tmp_path)


def test_nuclei_become_basal_ganglia(tmp_path):
    structures = small_head()[1].structures
    nuclei = Nuclei(structures, structures, structures).save(tmp_path / 'nuclei')
    outputs = FindROI(nuclei=str(nuclei)).run(cwd=tmp_path).outputs
    roi = np.asarray(BasalGanglia.load(outputs.result).roi.dataobj)
    assert np.array_equal(roi > 0, np.asarray(structures.dataobj) > 0)
