import os
import subprocess
import sys

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.networks.engine import ONEDNN, configure_tensorflow, load_tensorflow, versions


def test_the_number_of_threads_cannot_change():
    configure_tensorflow(threads=1, seed=0)
    configure_tensorflow(threads=1, seed=1)
    load_tensorflow().constant(1) + 1
    with pytest.raises(PVSError, match='already runs with 1 threads instead of 2; start a new'):
        configure_tensorflow(threads=2, seed=0)


def test_versions_name_the_software_that_affects_results():
    assert set(versions()) == {'pvs_workflow', 'tensorflow', 'keras', 'numpy'}
    assert versions()['keras'].startswith('3.')


@pytest.mark.slow
def test_starting_is_silent_and_overrides_the_environment():
    code = (
        'import os\n'
        'from pvs_workflow.networks.engine import configure_tensorflow, load_keras\n'
        'configure_tensorflow(1, 0)\n'
        'print(os.environ["TF_ENABLE_ONEDNN_OPTS"], load_keras().backend.backend())\n'
    )
    environment = os.environ | {'TF_ENABLE_ONEDNN_OPTS': '0', 'KERAS_BACKEND': 'jax'}
    process = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, env=environment
    )
    assert process.stdout == f'{ONEDNN} tensorflow\n'
    assert process.stderr == ''


@pytest.mark.slow
def test_a_network_that_is_built_before_configuration_uses_one_thread():
    code = (
        'from pvs_workflow.networks.engine import configure_tensorflow, load_keras\n'
        'load_keras().layers.Dense(1).build((1, 1))\n'
        'configure_tensorflow(1, 0)\n'
    )
    process = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
