from benchmarks import registration_rigid, scores


def test_draws_are_shared_out_evenly_with_some_lost_origins():
    pairs = [('a', 'T1w'), ('a', 'FLAIR'), ('b', 'FLAIR')]
    jobs = registration_rigid.plan(pairs, 48)
    assert jobs[:3] == [(*pair, 'undisturbed') for pair in pairs]
    drawn = jobs[3:]
    assert len(drawn) == 48
    assert sum(kind == 'lost origin' for *_, kind in drawn) == 6
    assert all(sum(tuple(job[:2]) == pair for job in drawn) == 16 for pair in pairs)
    # Each pair gets its share of both kinds.
    assert {tuple(job[:2]) for job in drawn if job[2] == 'lost origin'} == set(pairs)


def test_errors_are_summed_up_by_kind_and_contrast():
    rows = [
        {'kind': 'moved', 'contrast': 'T1w', 'mean_tre_mm': 1.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': 3.0},
        {'kind': 'moved', 'contrast': 'FLAIR', 'mean_tre_mm': None, 'error': 'lost'},
        {'kind': 'lost origin', 'contrast': 'T1w', 'mean_tre_mm': 80.0},
    ]
    found = registration_rigid.summed(rows, 'kind')
    assert found['moved']['all']['median'] == 2.0
    assert found['moved']['FLAIR'] | {} == {**scores.spread([3.0, None]), 'errors': 1}
    assert found['lost origin']['all']['worst'] == 80.0
