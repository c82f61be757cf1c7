import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from pvs_workflow.lab.cli.main import main
from pvs_workflow.lab.simulation.cohort import simulate_cohort


@pytest.mark.parametrize(
    'args',
    [
        ['crossval'],
        ['crossval', 'a', 'b', '--folds', '1'],
        ['crossval', 'a', 'b', '--methods', 'magic'],
        ['crossval', 'a', 'b', '--epochs-enhancer', '0'],
        ['crossval', 'a', 'b', '--seed', '-1'],
        ['crossval', 'a', 'b', '--n-cpus', 'two'],
    ],
)
def test_invalid_arguments_exit_with_2(args, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    assert 'usage: pvs_cascade' in capsys.readouterr().err


def test_help_does_not_import_heavy_packages():
    code = (
        'import sys\n'
        'from pvs_workflow.lab.cli.main import main\n'
        'try:\n    main(["crossval", "--help"])\n'
        'except SystemExit as end:\n    assert end.code == 0\n'
        'heavy = {"tensorflow", "keras", "pandas", "skimage", "sklearn", "matplotlib"}\n'
        'print(heavy & set(sys.modules), file=sys.stderr)\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert process.stderr == 'set()\n'
    assert 'laplacian' in process.stdout


def test_a_dataset_without_scans_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert main(['crossval', str(tmp_path), str(tmp_path / 'out')]) == 66
    assert 'no T2w images (sub-*_T2w.nii.gz) in' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def crossval(cohort, out, *args):
    command = [sys.executable, '-m', 'pvs_workflow.lab.cli.main', 'crossval', cohort, out]
    epochs = ['--epochs-enhancer', '1', '--epochs-counter', '2', '--variations', '2']
    process = subprocess.run(
        [*command, *epochs, '--folds', '2', '--methods', 'tophat', 'deep', *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process


def comparable_results(out):
    record = json.loads((out / 'crossval.json').read_text())
    for part in [part for parts in record.pop('training').values() for part in parts]:
        part.pop('seconds')
    return {name: record[name] for name in ('contrast', 'counting', 'folds')}


@pytest.mark.slow
def test_an_interrupted_crossvalidation_resumes(tmp_path):
    """Results do not depend on interruptions and on the number of processes."""
    cohort, whole, halved = (tmp_path / name for name in ('cohort', 'whole', 'halved'))
    simulate_cohort(cohort, 4, seed=9, contrasts=('T2w',))
    process = crossval(cohort, whole)
    assert '4 of 4 parts done' in process.stdout
    assert 'WARNING' not in process.stderr
    assert {path.name for path in whole.iterdir()} == {
        'crossval.json',
        'crossval_bland_altman.png',
        'crossval_cnr.png',
        'crossval_confusion_images.png',
        'crossval_confusion_participants.png',
        'crossval_scatter.png',
        'parts',
        'predictions.tsv',
    }
    record = json.loads((whole / 'crossval.json').read_text())
    assert record['command'].startswith('pvs_cascade crossval cohort whole --seed 1 --folds 2')
    assert (record['participants'], record['images']) == (4, 24)
    assert list(record['counting']) == list(record['contrast']) == ['tophat', 'deep']
    passes = [parts[0]['image_passes']['counter'] for parts in record['training'].values()]
    assert passes[0] == passes[1] > 0
    table = pd.read_csv(whole / 'predictions.tsv', sep='\t')
    assert len(table) == 2 * 24
    assert table.groupby('participant_id')['fold'].nunique().max() == 1

    shutil.copytree(whole / 'parts', halved / 'parts')
    for name in ('fold-1_method-deep', 'fold-2_method-deep'):
        (halved / 'parts' / f'{name}.json').unlink()
    # One fold reuses its enhancer, the other trains it again.
    shutil.rmtree(halved / 'parts' / 'fold-2_enhancer')
    process = crossval(cohort, halved, '--n-cpus', '2')
    assert '2 of 4 parts done' not in process.stdout
    assert comparable_results(halved) == comparable_results(whole)
    assert (halved / 'predictions.tsv').read_bytes() == (whole / 'predictions.tsv').read_bytes()
