"""Memory declared for larger images."""

from pathlib import Path

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.inputs import Scan
from pvs_workflow.workflows.base import init_scan_wf
from pvs_workflow.workflows.memory import BYTES_PER_VOXEL, USUAL_VOXELS, count_voxels


def write_header(path, shape):
    """Write a NIfTI that declares a shape but ends after its header."""
    header = nb.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header['vox_offset'] = 352
    header['magic'] = b'n+1'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.binaryblock + bytes(4))
    return path


def declared_memory(folder, shape, t1w_shape=(4, 5, 6)):
    t2w = write_header(folder / 'sub-01_T2w.nii', shape)
    t1w = write_header(folder / 'sub-01_T1w.nii', t1w_shape)
    scan = Scan('01', None, t2w, t1w, None, (('sub', '01'),))
    workflow = init_scan_wf(
        scan=scan,
        bids_dir=folder,
        output_dir=Path('/out'),
        model=data.path('cascade'),
        random_seed=1,
    )
    return {node.fullname: node.mem_gb for node in workflow._get_all_nodes()}


def test_voxels_are_counted_from_the_header(tmp_path):
    assert count_voxels(write_header(tmp_path / 'a.nii', (4, 5, 6))) == 120
    assert count_voxels(None) == 0


@pytest.mark.parametrize(
    'content',
    [
        pytest.param(None, id='missing'),
        pytest.param(b'not an image', id='damaged'),
        pytest.param((32767, 32767, 32767), id='absurd'),
    ],
)
def test_unusable_images_are_ignored(tmp_path, content):
    path = tmp_path / 'a.nii'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        write_header(path, content)
    assert count_voxels(path) == 0


def test_a_large_head_needs_more_memory_in_every_step(tmp_path):
    usual = declared_memory(tmp_path / 'usual', (512, 512, 38))
    large = declared_memory(tmp_path / 'large', (512, 512, 512))
    more = BYTES_PER_VOXEL * (512**3 - USUAL_VOXELS) / 1e9
    assert usual == declared_memory(tmp_path / 'small', (256, 256, 30))
    assert {name: pytest.approx(memory + more) for name, memory in usual.items()} == large


def test_a_large_t1w_needs_more_memory_only_where_it_is_read(tmp_path):
    usual = declared_memory(tmp_path / 'usual', (512, 512, 38))
    large = declared_memory(tmp_path / 'large', (512, 512, 38), (512, 512, 512))
    steps = {name.rpartition('.')[2] for name in usual if large[name] > usual[name]}
    assert steps == {'conform_t1w', 'align_t1w', 'compare_t1w'}
