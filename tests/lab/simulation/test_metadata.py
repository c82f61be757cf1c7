import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.lab.simulation import metadata
from pvs_workflow.lab.simulation.acquisition import Protocol

PAPER = Protocol(0.573, 5.0, snr=22.0)
ORIGINS = ('template', 'anatomies', 'backgrounds')


def test_the_papers_t2w_has_its_times():
    found = metadata.scan_metadata('T2w', PAPER, 28, '1.2')
    assert (found['RepetitionTime'], found['EchoTime']) == (4.45, 0.081)
    assert found['SoftwareVersions'] == '1.2'
    assert found['MRAcquisitionType'] == '2D'
    assert found['SliceThickness'] == found['SpacingBetweenSlices'] == 5.0


def test_times_and_gaps_are_those_of_the_protocol():
    protocol = Protocol(0.5, 4.0, snr=20.0, gap=0.1, echo_time=95.0, repetition_time=3200.0)
    found = metadata.scan_metadata('T2w', protocol, 30, '1')
    assert (found['RepetitionTime'], found['EchoTime']) == (3.2, 0.095)
    assert (found['SliceThickness'], found['SpacingBetweenSlices']) == (3.6, 4.0)


@pytest.mark.parametrize('slices', [27, 28])
def test_slices_are_read_interleaved_within_one_repetition(slices):
    times = metadata.scan_metadata('T2w', PAPER, slices, '1')['SliceTiming']
    assert len(set(times)) == len(times) == slices
    assert min(times) == 0
    assert max(times) < 4.45
    first = np.argsort(times)[: (slices + 1) // 2]
    assert (first % 2 == 0).all()


def test_thin_slices_are_a_volume_without_slice_times():
    found = metadata.scan_metadata('T2w', Protocol(0.9, 1.0, snr=20.0), 140, '1')
    assert found['MRAcquisitionType'] == '3D'
    assert 'SliceTiming' not in found


@pytest.mark.parametrize('contrast', ['T1w', 'FLAIR'])
def test_other_contrasts_are_volumes_with_an_inversion(contrast):
    found = metadata.scan_metadata(contrast, Protocol(1.0, 1.0, snr=20.0), 160, '1')
    assert found['MRAcquisitionType'] == '3D'
    assert 0 < found['InversionTime'] < found['RepetitionTime']


def test_of_a_real_scan_no_times_are_made_up():
    protocol = Protocol(0.5, 4.0, snr=20.0, echo_time=0.0, repetition_time=0.0)
    found = metadata.scan_metadata('T2w', protocol, 30, '1')
    assert not {'EchoTime', 'RepetitionTime', 'Manufacturer'} & set(found)
    assert found['SpacingBetweenSlices'] == 4.0


@pytest.mark.parametrize('origin', ORIGINS)
def test_every_dataset_says_what_its_people_are_and_under_which_licence(origin):
    found = metadata.raw_description('1.2', origin)
    text = metadata.readme(3, 7, 'paper', 'A note.', origin)
    assert 'CC0-1.0' in found['License']
    assert found['GeneratedBy'][0]['Version'] == '1.2'
    assert ('not real people' in text) == (origin != 'backgrounds')
    assert ('COPYING_ICBM152' in text) == (origin != 'backgrounds')
    assert 'of 3 participants' in text
    assert 'Seed: 7.' in text
    assert '\nA note.\n' in text


def test_the_notice_that_goes_with_the_averages_ships():
    assert 'Copyright (C) 1993' in data.path('template', 'COPYING_ICBM152').read_text('utf-8')


def test_a_truth_segmentation_names_its_scan():
    found = metadata.dseg('epvs', 'bids:raw:sub-1/anat/sub-1_T2w.nii.gz')
    assert found['Sources'] == [found['SpatialReference']]
    assert found['hemisphere']['Levels'] == {'L': 'left', 'R': 'right'}
