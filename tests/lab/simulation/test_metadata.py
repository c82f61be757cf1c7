import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.lab.simulation import metadata
from pvs_workflow.lab.simulation.acquisition import Protocol

PAPER = Protocol(0.573, 5.0, snr=22.0)
ORIGINS = ('template', 'anatomies', 'backgrounds')


def test_the_papers_t2w_has_the_published_times():
    content = metadata.scan_metadata('T2w', PAPER, 28, '1.2')
    assert (content['RepetitionTime'], content['EchoTime']) == (4.45, 0.081)
    assert content['SoftwareVersions'] == '1.2'
    assert content['MRAcquisitionType'] == '2D'
    assert content['SliceThickness'] == content['SpacingBetweenSlices'] == 5.0


def test_times_and_gaps_follow_the_protocol():
    protocol = Protocol(0.5, 4.0, snr=20.0, gap=0.1, echo_time=95.0, repetition_time=3200.0)
    content = metadata.scan_metadata('T2w', protocol, 30, '1')
    assert (content['RepetitionTime'], content['EchoTime']) == (3.2, 0.095)
    assert (content['SliceThickness'], content['SpacingBetweenSlices']) == (3.6, 4.0)


@pytest.mark.parametrize('slices', [27, 28])
def test_slices_are_interleaved_within_one_repetition(slices):
    times = metadata.scan_metadata('T2w', PAPER, slices, '1')['SliceTiming']
    assert len(set(times)) == len(times) == slices
    assert min(times) == 0
    assert max(times) < 4.45
    first = np.argsort(times)[: (slices + 1) // 2]
    assert (first % 2 == 0).all()


def test_thin_slices_are_3d_without_slice_times():
    content = metadata.scan_metadata('T2w', Protocol(0.9, 1.0, snr=20.0), 140, '1')
    assert content['MRAcquisitionType'] == '3D'
    assert 'SliceTiming' not in content


@pytest.mark.parametrize('contrast', ['T1w', 'FLAIR'])
def test_other_contrasts_are_3d_with_an_inversion(contrast):
    content = metadata.scan_metadata(contrast, Protocol(1.0, 1.0, snr=20.0), 160, '1')
    assert content['MRAcquisitionType'] == '3D'
    assert 0 < content['InversionTime'] < content['RepetitionTime']


def test_the_unknown_times_of_a_real_scan_are_left_out():
    protocol = Protocol(0.5, 4.0, snr=20.0, echo_time=0.0, repetition_time=0.0)
    content = metadata.scan_metadata('T2w', protocol, 30, '1')
    assert not {'EchoTime', 'RepetitionTime', 'Manufacturer'} & set(content)
    assert content['SpacingBetweenSlices'] == 4.0


@pytest.mark.parametrize('origin', ORIGINS)
def test_every_dataset_states_its_origin_and_licence(origin):
    content = metadata.raw_description('1.2', origin)
    text = metadata.readme(3, 7, 'paper', 'A note.', origin)
    assert 'CC0-1.0' in content['License']
    assert content['GeneratedBy'][0]['Version'] == '1.2'
    assert ('not real people' in text) == (origin != 'backgrounds')
    assert ('COPYING_ICBM152' in text) == (origin != 'backgrounds')
    assert 'of 3 participants' in text
    assert 'Seed: 7.' in text
    assert '\nA note.\n' in text


def test_the_notice_of_the_averages_is_distributed():
    assert 'Copyright (C) 1993' in data.path('template', 'COPYING_ICBM152').read_text('utf-8')


def test_a_truth_segmentation_names_its_source():
    content = metadata.dseg('epvs', 'bids:raw:sub-1/anat/sub-1_T2w.nii.gz')
    assert content['Sources'] == [content['SpatialReference']]
    assert content['hemisphere']['Levels'] == {'L': 'left', 'R': 'right'}
