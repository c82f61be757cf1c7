import json

import pandas as pd
import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.lab.evaluation.results import (
    FoldResult,
    claim_folder,
    data_digest,
    load_part,
    part_path,
    save_part,
    write_predictions,
)


def test_a_saved_part_is_loaded_unchanged(tmp_path, make_results):
    part = FoldResult(tuple(make_results()), {'counter': [0.1, 0.05]}, {'counter': 60}, 1.5)
    path = part_path(tmp_path / 'parts', 2, 'clahe')
    save_part(path, part)
    assert path.name == 'fold-2_method-clahe.json'
    assert load_part(path) == part


@pytest.mark.parametrize('content', ['', '[]', '{}', '{"images": [{}]}', '{"images": [], "x": 1}'])
def test_an_invalid_part_is_rejected(tmp_path, content):
    path = tmp_path / 'part.json'
    path.write_text(content)
    with pytest.raises(OutputError, match=r'is not part of a cross-validation .*; delete it'):
        load_part(path)


def test_a_folder_with_other_settings_is_rejected(tmp_path):
    settings = {'seed': 1, 'folds': (('a',), ('b',)), 'epochs': 3}
    claim_folder(tmp_path / 'parts', settings)
    claim_folder(tmp_path / 'parts', settings)
    with pytest.raises(OutputError, match=r'has results with different epochs, seed;'):
        claim_folder(tmp_path / 'parts', settings | {'seed': 2, 'epochs': 4})
    assert json.loads((tmp_path / 'parts' / 'settings.json').read_text())['seed'] == 1


def test_a_folder_with_unreadable_settings_is_rejected(tmp_path):
    (tmp_path / 'settings.json').write_text('{')
    with pytest.raises(OutputError, match='has results with different seed;'):
        claim_folder(tmp_path, {'seed': 1})


def test_the_digest_depends_on_the_data(samples):
    assert data_digest(samples[:3]) == data_digest(samples[:3])
    assert data_digest(samples[:3]) != data_digest(samples[1:4])


def test_predictions_are_written_as_a_table(tmp_path, make_results):
    results = make_results()
    write_predictions(tmp_path / 'predictions.tsv', results)
    table = pd.read_csv(tmp_path / 'predictions.tsv', sep='\t', na_values=['n/a'])
    assert len(table) == len(results)
    assert table['participant_id'].unique().tolist() == [f'sub-{i:02d}' for i in range(6)]
    assert table['true_count'].tolist() == [result.true_count for result in results]
    assert table['predicted_count'].tolist() == [
        pytest.approx(result.predicted_count, abs=1e-4) for result in results
    ]
    assert table['cnr'].isna().sum() == sum(result.cnr is None for result in results)
