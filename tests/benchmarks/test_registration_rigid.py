from benchmarks import registration_rigid, scores


def test_draws_are_distributed_evenly_with_some_lost_origins():
    pairs = [('a', 'T1w'), ('a', 'FLAIR'), ('b', 'FLAIR')]
    jobs = registration_rigid.plan_draws(pairs, 48)
    assert jobs[:3] == [(*pair, 'undisturbed') for pair in pairs]
    drawn = jobs[3:]
    assert len(drawn) == 48
    assert sum(kind == 'lost origin' for *_, kind in drawn) == 6
    assert all(sum(tuple(job[:2]) == pair for job in drawn) == 16 for pair in pairs)
    # Each pair gets its share of both kinds.
    assert {tuple(job[:2]) for job in drawn if job[2] == 'lost origin'} == set(pairs)


def test_errors_are_summarised_by_kind_and_contrast():
    rows = [
        {'kind': 'moved', 'contrast': 'T1w', 'mean_tre_mm': 1.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': 3.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': None, 'error': 'lost'},
        {'kind': 'lost origin', 'contrast': 'T1w', 'mean_tre_mm': 80.0},
    ]
    summary = registration_rigid.summarise(rows, 'kind')
    assert summary['moved']['all']['median'] == 2.0
    assert summary['moved']['FLAIR'] | {} == {**scores.spread([3.0, None]), 'errors': 1}
    assert summary['lost origin']['all']['worst'] == 80.0
