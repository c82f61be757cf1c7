"""The tutorial on training: every command and script of the page, in order, on few people."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pvs_workflow import data

PAGE = Path(__file__).parents[2] / 'docs' / 'training.md'
REPLACEMENTS = {
    '--participants 12': '--participants 3',
    'pvs_cascade train': 'pvs_cascade train --epochs-enhancer 1 --epochs-counter 1',
}
"""Replacements in the commands, so that they take minutes."""


def blocks():
    """Return the kind and text of each command and script of the page."""
    return re.findall(r'^```(sh|python)\n(.*?)^```', PAGE.read_text('utf-8'), re.M | re.S)


def run(kind, text, folder):
    for old, new in REPLACEMENTS.items():
        text = text.replace(old, new)
    command = ['bash', '-e', '-c', text] if kind == 'sh' else [sys.executable, '-c', text]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    process = subprocess.run(
        command, cwd=folder, env=os.environ | {'PATH': path}, capture_output=True, text=True
    )
    assert process.returncode == 0, f'{text}\n{process.stdout}\n{process.stderr}'


def test_the_commands_can_be_shortened():
    text = ''.join(text for _, text in blocks())
    assert [kind for kind, _ in blocks()] == ['sh', 'python', 'sh', 'python', 'sh', 'sh', 'sh']
    assert all(old in text for old in REPLACEMENTS)


def test_the_page_names_the_defaults():
    from pvs_workflow.lab.training.config import FINE_TUNING

    text = ' '.join(PAGE.read_text('utf-8').split())
    enhancer = f'The enhancer has {FINE_TUNING.enhancer.epochs} epochs at a rate of 1e-4'
    assert f'{enhancer}; the counter has {FINE_TUNING.counter.epochs} at 3e-4' in text
    assert (FINE_TUNING.enhancer.learning_rate, FINE_TUNING.counter.learning_rate) == (1e-4, 3e-4)


@pytest.mark.slow
def test_the_tutorial(tmp_path):
    for kind, text in blocks():
        run(kind, text, tmp_path)
    cards = {
        name: json.loads((tmp_path / name / 'card.json').read_text('utf-8'))
        for name in ('my_cascade', 'my_counter')
    }
    first = json.loads(data.path('cascade', 'card.json').read_text('utf-8'))
    for card in cards.values():
        assert card['preprocessing'] == first['preprocessing']
        assert card['architecture'] == first['architecture']
        assert len(card['training']['started_from']['model_sha256']) == 64
    assert cards['my_cascade']['training']['images_with_masks'] >= 18
    assert cards['my_counter']['training']['images_with_counts_alone'] == 18
    assert cards['my_counter']['training']['epochs']['enhancer'] == 0
    assert cards['my_counter']['checksums']['counter.safetensors'] != ''
    (grade,) = tmp_path.glob('recounted/sub-0001/anat/*_desc-potter_grade.tsv')
    assert pd.read_csv(grade, sep='\t')['model'].tolist() == ['My cascade 1']
    agreement = json.loads((tmp_path / 'agreement.json').read_text('utf-8'))
    assert agreement['command'].endswith('--derivatives results --ratings ratings.tsv --seed 1')
    ratings = pd.read_csv(tmp_path / 'ratings.tsv', sep='\t')['count']
    for roi in ('true_roi', 'roi_errors'):
        assert agreement[roi]['n_images'] == len(ratings) == 18
        assert 0 <= agreement[roi]['mae'] < ratings.max() + 60
