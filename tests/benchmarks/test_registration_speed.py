from benchmarks import registration_speed
from benchmarks.alignments import Run
from tests.builders.heads import case


def test_speed_is_reported_as_ours_over_stock():
    cost = {'wall_s': 30.0, 'cpu_s': 50.0, 'peak_memory_gb': 1.0}
    runs = {
        'ours': Run(cost, {}, {}, None),
        'stock': Run({name: 4 * value for name, value in cost.items()}, {}, {}, None),
    }
    row = registration_speed.compare(case('a'), runs)
    assert set(row['ratios'].values()) == {0.25}
    assert row['ours']['wall_s'] == 30.0
    assert row['contrasts'] == ['T1w']
