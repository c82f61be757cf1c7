from types import SimpleNamespace

import numpy as np

from benchmarks import registration_heads
from benchmarks.altered import KINDS
from pvs_workflow.errors import RegistrationError
from pvs_workflow.method.locate import TemplateAffine
from pvs_workflow.registration.transforms import LinearTransform
from tests.builders.heads import basal_ganglia, case, image

IDENTITY = LinearTransform((1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0), (0, 0, 0))


def test_refused_heads_have_no_overlap():
    rows = [
        {'kind': 'untouched', 'time_ratio': 1.1},
        {'kind': KINDS[0], 'dice': 0.9},
        {'kind': KINDS[0], 'dice': 0.0, 'error': 'the template does not fit'},
        {'kind': KINDS[1], 'dice': 0.8},
    ]
    summary = registration_heads.summarise(rows)
    assert (summary['n'], summary['registered'], summary['dice']['worst']) == (3, 2, 0)
    assert summary['kinds'][KINDS[0]]['registered'] == 1
    assert summary['kinds'][KINDS[2]]['n'] == 0
    assert summary['time_ratio']['median'] == 1.1


def test_every_head_is_altered_in_every_way(monkeypatch):
    voxels = np.random.default_rng(5).random((60, 40, 12)) * 100
    roi = np.where(np.isin(basal_ganglia(), (11, 12)), 1, 0) + 2 * (basal_ganglia() > 12)
    calls = []

    def register(scan, seed):
        calls.append(scan)
        if len(calls) == 4:
            raise RegistrationError('the template does not fit')
        return TemplateAffine(IDENTITY)

    scan = SimpleNamespace(image=image(voxels), storage=None)
    monkeypatch.setattr(registration_heads, 'conform', lambda *_, **__: scan)
    monkeypatch.setattr(registration_heads, 'register_template', register)
    monkeypatch.setattr(registration_heads, 'register_once', lambda *_: IDENTITY)
    monkeypatch.setattr(registration_heads, 'find_roi_of', lambda *_: roi)
    monkeypatch.setattr(registration_heads, 'alter', lambda head, _: head)
    first, *rows = registration_heads.measure(case('a'), 1)
    assert first['kind'] == 'untouched'
    assert [row['kind'] for row in rows] == list(KINDS)
    assert [row['dice'] for row in rows] == [1.0, 0.0, *[1.0] * (len(KINDS) - 2)]
    assert [row.get('error') for row in rows[:2]] == [None, 'the template does not fit']
