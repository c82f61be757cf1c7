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
    """Return a RAS matrix as a transform about some centre."""
    lps = FLIP @ matrix @ FLIP
    offset = lps[:3, 3] - centre + lps[:3, :3] @ centre
    return LinearTransform(tuple(map(float, (*lps[:3, :3].ravel(), *offset))), tuple(centre))


STRETCHED = turn((-9, 2, 1), (1, 2, 30)) @ np.diag([1.1, 0.9, 1.05, 1])


@pytest.mark.parametrize('centre', [(0.0, 0.0, 0.0), (3.0, -20.0, 8.0)])
def test_the_matrix_is_that_of_points_in_ras(centre):
    assert linear(STRETCHED, centre).matrix == pytest.approx(STRETCHED, abs=1e-12)


def test_text_keeps_every_digit(tmp_path):
    transform = linear(STRETCHED, (1 / 3, -20.0, 1e-7))
    assert LinearTransform.load(transform.save(tmp_path / 'a.txt')) == transform


def test_angles_have_no_matrix():
    with pytest.raises(ValueError, match='only AffineTransform_double_3_3 has a matrix'):
        _ = LinearTransform((0.0,) * 6, (0.0,) * 3, EULER).matrix


@pytest.mark.slow
def test_ants_maps_points_alike(tmp_path):
    transform = linear(STRETCHED, (3.0, -20.0, 8.0))
    ants = load_ants()
    theirs = ants.read_transform(str(transform.save(tmp_path / 'a.txt')))
    for point in np.random.default_rng(0).uniform(-90, 90, (20, 3)):
        ours = FLIP @ transform.matrix @ FLIP @ [*point, 1]
        assert ours[:3] == pytest.approx(theirs.apply_to_point(point.tolist()), abs=1e-4)
    written = tmp_path / 'b.txt'
    ants.write_transform(theirs, str(written))
    assert LinearTransform.from_ants(written).parameters == tuple(theirs.parameters)


@pytest.mark.slow
def test_an_image_is_taken_from_where_the_transform_leads():
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    voxels = np.random.default_rng(1).random((20, 16, 12), dtype=np.float32)
    moving = nb.Nifti1Image(voxels, affine)
    # From fixed to moving points: two voxels to the right, one down.
    moved = apply_transform(moving, moving, linear(turn((0, 0, 0), (4, 0, -3))))
    expected = voxels[2:, :, :-1]
    assert np.asarray(moved.dataobj)[:-2, :, 1:] == pytest.approx(expected, abs=1e-4)


SHORT = """
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
def test_what_does_not_fit_is_noticed(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', SHORT, tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=2)[1:] for line in done.stdout.splitlines() if 'RESULT' in line]
    full = 'No space left on device, most likely: ITK wrote a part of it only'
    assert lines == [['None', 'fine'], ['20000', full], ['0', full]]


@pytest.mark.parametrize('missing', [1, 8, 500, 'all'])
def test_a_file_without_its_end(tmp_path, missing):
    path = tmp_path / 'a.nii.gz'
    content = gzip.compress(np.random.default_rng(1).bytes(1000))
    path.write_bytes(content)
    assert check_whole(path) == path
    path.write_bytes(b'' if missing == 'all' else content[:-missing])
    with pytest.raises(OSError, match='No space left on device'):
        check_whole(path)
