"""Left–right orientation of the results, for four storage orders of the same scan."""

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from tests.builders.example import EXAMPLE, make_raw, read, run

pytestmark = pytest.mark.slow

STORED = {'ras': 'RAS', 'las': 'LAS', 'lps': 'LPS', 'sagittal': 'SRA'}
N_MARKED = 40  # bright pixels added in the left putamen


@pytest.fixture(scope='module')
def stored_in_every_way(tmp_path_factory):
    """Run one scan, marked on the person's left, stored in four ways."""
    folder = tmp_path_factory.mktemp('orientation')
    source = nb.load(EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz')
    truth = nb.load(
        EXAMPLE / 'derivatives/truth/sub-02/anat/sub-02_space-T2w_desc-structures_dseg.nii.gz'
    )
    data = np.asarray(source.dataobj).copy()
    putamen = np.argwhere(np.asarray(truth.dataobj) == 12)
    world = nb.affines.apply_affine(source.affine, putamen)
    assert (world[:, 0] < 0).all()  # the person's left is at negative x
    for voxel in np.random.default_rng(1).permutation(putamen)[:N_MARKED]:
        data[tuple(voxel)] = np.percentile(data, 99.9)
    marked = nb.Nifti1Image(data, source.affine, source.header)
    anats = make_raw(folder / 'bids', *STORED)
    for anat, codes in zip(anats, STORED.values(), strict=True):
        turned = marked.as_reoriented(
            ornt_transform(io_orientation(marked.affine), axcodes2ornt(codes))
        )
        assert ''.join(nb.aff2axcodes(turned.affine)) == codes
        nb.save(turned, anat / f'{anat.parent.name}_T2w.nii.gz')
    out = folder / 'out'
    process = run(folder / 'bids', out, 'participant', '--nprocs', 2)
    assert process.returncode == 0, process.stderr
    return folder / 'bids', out


def results(out, participant):
    anat = out / f'sub-{participant}' / 'anat'
    counts, grade = (
        read(anat / f'sub-{participant}_desc-{name}.tsv')
        for name in ('epvs_counts', 'potter_grade')
    )
    return counts, grade.drop(columns=['participant_id', 't2w'])


def test_tables_are_equal_except_for_the_slice(stored_in_every_way):
    bids, out = stored_in_every_way
    reference, reference_grade = results(out, 'ras')
    for participant in STORED:
        counts, grade = results(out, participant)
        assert counts.drop(columns='slice').equals(reference.drop(columns='slice'))
        assert grade.equals(reference_grade)
        image = nb.load(bids / f'sub-{participant}/anat/sub-{participant}_T2w.nii.gz')
        codes = nb.aff2axcodes(image.affine)
        axis = next(i for i, code in enumerate(codes) if code in 'SI')
        flipped = codes[axis] == 'I'
        expected = image.shape[axis] - 1 - reference['slice'] if flipped else reference['slice']
        assert counts['slice'].tolist() == expected.tolist()


def test_instances_have_the_same_world_coordinates(stored_in_every_way):
    _, out = stored_in_every_way
    reference, *others = (
        read(out / f'sub-{p}/anat/sub-{p}_space-T2w_desc-epvs_instances.tsv')
        .drop(columns='slice')
        .sort_values('label', ignore_index=True)
        for p in STORED
    )
    assert len(reference) > 0
    for table in others:
        coordinates = [name for name in table if name not in ('hemisphere', 'slice_rank', 'label')]
        assert table.drop(columns=coordinates).equals(reference.drop(columns=coordinates))
        assert np.allclose(table[coordinates], reference[coordinates], atol=2e-3)


def test_the_marked_side_has_more_instances(stored_in_every_way):
    _, out = stored_in_every_way
    counts, _ = results(out, 'ras')
    sums = counts.groupby('hemisphere')['instances'].sum()
    assert sums['L'] > sums['R']


def test_volumes_have_the_same_world_coordinates(stored_in_every_way):
    _, out = stored_in_every_way
    for name in ('desc-basalganglia_dseg', 'desc-epvs_dseg'):
        images = [
            nb.as_closest_canonical(nb.load(out / f'sub-{p}/anat/sub-{p}_space-T2w_{name}.nii.gz'))
            for p in STORED
        ]
        for image in images[1:]:
            assert np.array_equal(image.get_fdata(), images[0].get_fdata())
            assert np.allclose(image.affine, images[0].affine, atol=1e-3)
        if 'basalganglia' in name:
            left = np.argwhere(images[0].get_fdata() == 1)
            assert (nb.affines.apply_affine(images[0].affine, left)[:, 0] < 5).all()
