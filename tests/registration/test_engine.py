import subprocess
import sys

import numpy as np
import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.registration.engine import ENVIRONMENT, load_ants, start_ants


def test_ants_with_several_threads_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ants', object())
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PVSError, match='ANTs is already loaded with more than one thread'):
        load_ants.__wrapped__()


def test_the_seed_must_be_positive():
    with pytest.raises(ValueError, match='seed must be > 0, received 0'):
        start_ants(0)


def test_importing_the_method_does_not_import_ants_or_tensorflow():
    code = (
        'import sys, pvs_workflow.method\n'
        'print({"tensorflow", "keras", "ants", "nipype"} & set(sys.modules))\n'
    )
    process = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert process.stdout.strip() == 'set()', process.stderr


@pytest.mark.slow
def test_images_keep_their_position():
    import nibabel as nb

    from pvs_workflow.registration.engine import to_ants

    affine = np.diag([-2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = 5, -7, 11
    image = nb.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), affine)
    converted = to_ants(image)
    assert converted.spacing == (2.0, 2.0, 3.0)
    assert converted.origin == (-5.0, 7.0, 11.0)
    assert np.array_equal(converted.numpy(), np.asarray(image.dataobj))
