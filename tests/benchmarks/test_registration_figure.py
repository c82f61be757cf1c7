import json

from benchmarks import registration_figure, registration_overlap
from tests.builders.heads import AFFINE, basal_ganglia


def test_the_figure_shows_the_existing_parts(tmp_path):
    assert registration_figure.draw(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    speed = {
        'sessions': [
            {
                'session': 'sub-01_ses-1',
                'ours': {'wall_s': 20},
                'stock': {'wall_s': 200},
                'ratios': {'wall_s': 0.1},
            }
        ]
    }
    errors = [{'kind': 'moved', 'mean_tre_mm': e} for e in (0.3, 0.5, None)]
    rigid = {'draws': errors, 'people': [{'method': 'ours', 'mean_tre_mm': 0.2}]}
    truth = basal_ganglia()
    row = registration_overlap.score_structures(basal_ganglia(shift=1), truth, AFFINE)
    summary, empty = registration_overlap.summarise([row]), registration_overlap.summarise([])
    overlap = {
        'ours': summary,
        'stock': empty,
        'ours_same_people': empty,
    }
    records = {'speed': speed, 'rigid': rigid, 'overlap': overlap}
    for part, record in records.items():
        (tmp_path / f'registration_{part}.json').write_text(json.dumps(record))
    assert registration_figure.draw(tmp_path).name == 'registration.png'
    axes = registration_figure.registration_figure(records).axes
    assert [len(ax.patches) for ax in axes] == [2, 0, 0]
    assert axes[0].patches[0].get_height() == 200
    assert [text.get_text() for text in axes[2].get_legend().get_texts()] == ['ours']
    assert summary['slices_equal'] == 1
    assert len(registration_figure.registration_figure({'rigid': rigid}).axes) == 1
