import gzip
import subprocess
import sys

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.registration.engine import load_ants
from pvs_workflow.registration.transforms import (
    EULER,
    LinearTransform,
    apply_transform,
    check_whole,
)
from tests.builders.method import turn

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def linear(matrix, centre=(0.0, 0.0, 0.0)):
    """Return the transform of a RAS matrix about a centre."""
    lps = FLIP @ matrix @ FLIP
    offset = lps[:3, 3] - centre + lps[:3, :3] @ centre
    return LinearTransform(tuple(map(float, (*lps[:3, :3].ravel(), *offset))), tuple(centre))


STRETCHED = turn((-9, 2, 1), (1, 2, 30)) @ np.diag([1.1, 0.9, 1.05, 1])


@pytest.mark.parametrize('centre', [(0.0, 0.0, 0.0), (3.0, -20.0, 8.0)])
def test_the_matrix_maps_points_in_ras(centre):
    assert linear(STRETCHED, centre).matrix == pytest.approx(STRETCHED, abs=1e-12)


def test_saved_text_keeps_every_digit(tmp_path):
    transform = linear(STRETCHED, (1 / 3, -20.0, 1e-7))
    assert LinearTransform.load(transform.save(tmp_path / 'a.txt')) == transform


def test_a_transform_of_angles_has_no_matrix():
    with pytest.raises(ValueError, match='only AffineTransform_double_3_3 has a matrix'):
        _ = LinearTransform((0.0,) * 6, (0.0,) * 3, EULER).matrix


@pytest.mark.slow
def test_ants_maps_points_in_the_same_way(tmp_path):
    transform = linear(STRETCHED, (3.0, -20.0, 8.0))
    ants = load_ants()
    reference = ants.read_transform(str(transform.save(tmp_path / 'a.txt')))
    for point in np.random.default_rng(0).uniform(-90, 90, (20, 3)):
        mapped = FLIP @ transform.matrix @ FLIP @ [*point, 1]
        assert mapped[:3] == pytest.approx(reference.apply_to_point(point.tolist()), abs=1e-4)
    written = tmp_path / 'b.txt'
    ants.write_transform(reference, str(written))
    assert LinearTransform.from_ants(written).parameters == tuple(reference.parameters)


@pytest.mark.slow
def test_an_image_is_sampled_at_the_mapped_points():
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    voxels = np.random.default_rng(1).random((20, 16, 12), dtype=np.float32)
    moving = nb.Nifti1Image(voxels, affine)
    # From fixed to moving points: two voxels to the right, one down.
    resampled = apply_transform(moving, moving, linear(turn((0, 0, 0), (4, 0, -3))))
    expected = voxels[2:, :, :-1]
    assert np.asarray(resampled.dataobj)[:-2, :, 1:] == pytest.approx(expected, abs=1e-4)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from pvs_workflow.registration.engine import load_ants
from pvs_workflow.registration.transforms import check_whole
ants, path = load_ants(), Path(sys.argv[1]) / 'a.nii.gz'
values = np.random.default_rng(1).random((40, 40, 40), dtype=np.float32)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (None, 20_000, 0):
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        ants.image_write(ants.from_numpy(values), str(path))
        check_whole(path)
    except OSError as error:
        print('RESULT', limit, error.strerror)
    else:
        print('RESULT', limit, 'fine')
"""


@pytest.mark.slow
def test_a_full_disk_is_detected(tmp_path):
    process = subprocess.run(
        [sys.executable, '-c', FULL_DISK, tmp_path], capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
    lines = [
        line.split(maxsplit=2)[1:] for line in process.stdout.splitlines() if 'RESULT' in line
    ]
    full = 'No space left on device: ITK wrote only part of the file'
    assert lines == [['None', 'fine'], ['20000', full], ['0', full]]


@pytest.mark.parametrize('missing', [1, 8, 500, 'all'])
def test_a_truncated_file_is_refused(tmp_path, missing):
    path = tmp_path / 'a.nii.gz'
    content = gzip.compress(np.random.default_rng(1).bytes(1000))
    path.write_bytes(content)
    assert check_whole(path) == path
    path.write_bytes(b'' if missing == 'all' else content[:-missing])
    with pytest.raises(OSError, match='No space left on device'):
        check_whole(path)
