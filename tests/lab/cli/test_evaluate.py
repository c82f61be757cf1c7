import json
import subprocess
import sys

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.lab.cli.main import main


def run(*args):
    return subprocess.run(
        [sys.executable, '-m', 'pvs_workflow.lab.cli.main', *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_bundle_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    out = tmp_path / 'out.json'
    assert main(['evaluate', str(tmp_path), str(tmp_path / 'none'), str(out)]) == 1
    err = capsys.readouterr().err
    assert err.startswith('pvs_cascade: error: ')
    assert 'it is not a folder with card.json' in err
    assert err.count('\n') == 1
    assert not out.exists()


@pytest.mark.slow
def test_simulation_training_evaluation_and_inference_work_together(tmp_path):
    """Each command runs on the output of the previous one, and the trained bundle counts."""
    cohort, bundle, figures = (tmp_path / name for name in ('cohort', 'model', 'figures.json'))
    options = ('--participants', 3, '--seed', 5, '--contrasts', 'T2w')
    process = run('simulate', cohort, *options)
    assert process.returncode == 0, process.stderr
    epochs = ('--epochs-enhancer', 1, '--epochs-counter', 2)
    process = run('train', bundle, '--bids-dir', cohort, *epochs, '--seed', 3, '--name', 'tiny')
    assert process.returncode == 0, process.stderr
    assert 'counter epoch 2: training loss' in process.stdout
    assert process.stderr == ''
    assert (tmp_path / 'model_curves.png').is_file()
    process = run('evaluate', cohort, bundle, figures)
    assert process.returncode == 0, process.stderr

    card = json.loads((bundle / 'card.json').read_text())
    assert card['name'] == 'tiny'
    assert card['training']['seed'] == 3
    assert card['training']['participants'] == 3
    assert card['training']['calibrated_besides_on'] == 0
    assert card['training']['command'].startswith(
        'pvs_cascade train model --bids-dir cohort --seed 3'
    )
    scores = json.loads(figures.read_text())
    assert scores['true_roi']['n_images'] == 18
    assert np.isfinite(scores['roi_errors']['mae'])

    t2w = nb.load(next(cohort.glob('sub-*/anat/*_T2w.nii.gz')))
    assert t2w.ndim == 3
    code = (
        'import sys, numpy as np\n'
        'from pvs_workflow.networks.engine import configure_tensorflow\n'
        'from pvs_workflow.networks.bundle import load_bundle\n'
        'configure_tensorflow(1, 0)\n'
        'counts = load_bundle(sys.argv[1]).predict(np.zeros((6, 80, 96), "f4")).counts\n'
        'print(counts.shape, (counts >= 0).all())\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code, str(bundle)], capture_output=True, text=True, check=True
    )
    assert process.stdout == '(6,) True\n'
