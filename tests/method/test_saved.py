from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.saved import Saved, Unusable, is_unusable, load_arguments, saved_file
from pvs_workflow.registration.transforms import LinearTransform
from tests.builders.method import six_images, small_head


@dataclass(frozen=True)
class Everything(Saved):
    image: nb.Nifti1Image
    transform: LinearTransform
    table: np.ndarray
    flags: np.ndarray
    ratio: float
    names: tuple[str, ...]
    nothing: str | None


def everything():
    rng = np.random.default_rng(1)
    affine = np.diag([0.5, 0.75, 4, 1])
    return Everything(
        image=nb.Nifti1Image(rng.random((3, 4, 5), dtype=np.float32), affine),
        transform=LinearTransform(tuple(rng.random(12)), (1.0, -2.5, 1 / 3)),
        table=rng.random((2, 3)),
        flags=np.array([True, False]),
        ratio=1 / 3,
        names=('left', 'right'),
        nothing=None,
    )


def test_a_loaded_result_equals_the_saved_one(tmp_path):
    saved = everything()
    loaded = Everything.load(saved.save(tmp_path))
    assert np.array_equal(loaded.image.dataobj, saved.image.dataobj)
    assert loaded.image.get_data_dtype() == np.float32
    assert np.array_equal(loaded.image.affine, saved.image.affine)
    assert np.array_equal(loaded.table, saved.table)
    assert loaded.flags.tolist() == [True, False]
    for name in ('transform', 'ratio', 'names', 'nothing'):
        assert getattr(loaded, name) == getattr(saved, name)


def test_nested_dataclasses_and_tuples_are_restored(tmp_path):
    six = six_images(np.asarray(small_head()[1].roi.dataobj))
    loaded = SixImages.load(six.save(tmp_path))
    assert loaded.views == six.views
    assert loaded.slices == six.slices


def test_images_and_transforms_are_files_in_standard_formats(tmp_path):
    saved = everything()
    index = saved.save(tmp_path)
    assert index.name == 'Everything.json'
    assert nb.load(saved_file(index, 'image')).shape == (3, 4, 5)
    assert saved_file(index, 'transform').read_text().startswith('#Insight Transform File')


@pytest.mark.parametrize('field', ['image', 'table', 'ratio'])
def test_the_index_changes_with_any_part(tmp_path, field):
    saved = everything()
    before = saved.save(tmp_path / 'a').read_text()
    assert everything().save(tmp_path / 'b').read_text() == before
    value = getattr(saved, field)
    if field == 'image':
        other = nb.Nifti1Image(np.asarray(value.dataobj) + 1, value.affine)
    else:
        other = value + 1
    changed = Everything(**(vars(saved) | {field: other}))
    assert changed.save(tmp_path / 'c').read_text() != before


def test_arguments_are_loaded_by_their_type_hints(tmp_path):
    def step(first: Everything, others: tuple[Everything, ...], model: Path, seed: int):
        """Take arguments of every type."""

    index = str(everything().save(tmp_path))
    values = {'first': index, 'others': [index, index], 'model': '/m', 'seed': 3, 'unknown': 1}
    arguments = load_arguments(step, values)
    assert list(arguments) == ['first', 'others', 'model', 'seed']
    assert isinstance(arguments['first'], Everything)
    assert [other.ratio for other in arguments['others']] == [1 / 3, 1 / 3]
    assert (arguments['model'], arguments['seed']) == (Path('/m'), 3)


def test_an_argument_may_be_unusable(tmp_path):
    def step(first: Everything, others: tuple[Everything | Unusable, ...]):
        """Take results that may be unusable."""

    index = str(Unusable('it is 4D').save(tmp_path))
    good = str(everything().save(tmp_path / 'good'))
    assert (is_unusable(index), is_unusable(good)) == (True, False)
    arguments = load_arguments(step, {'first': index, 'others': [good, index]})
    assert arguments['first'] == Unusable('it is 4D')
    assert isinstance(arguments['others'][0], Everything)
    assert arguments['others'][1] == Unusable('it is 4D')
