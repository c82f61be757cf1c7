"""Metadata, data dictionaries and READMEs of simulated datasets."""

from pvs_workflow.lab.simulation.acquisition import Protocol

_TEMPLATE = (
    'the MNI ICBM152 2009c nonlinear symmetric averages (Copyright (C) 1993-2004 Louis Collins, '
    'McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill University) and the '
    'CerebrA atlas (Manera et al. 2020, CC0)'
)
_ICBM = 'ICBM152 notice in COPYING_ICBM152'
_ORIGINS = {
    'template': {
        'name': 'averaged anatomy',
        'licence': f'{_ICBM}; simulated parts: CC0-1.0',
        'acknowledge': 'Keep the notice in COPYING_ICBM152 with the images.',
        'people': f'These are not real people. Each is made from {_TEMPLATE}: warped to an '
        'individual shape, given individual texture, resampled to an acquisition with noise and '
        'shading, and implanted with enlarged perivascular spaces in the basal ganglia.',
    },
    'anatomies': {
        'name': 'averaged and labelled anatomies',
        'licence': f'{_ICBM}; label maps: that of their authors; simulated parts: CC0-1.0',
        'acknowledge': 'Keep the notice in COPYING_ICBM152 with the images; cite the label maps.',
        'people': f'These are not real people. Each is made from a label map that was given with '
        f'--anatomies, or from {_TEMPLATE}: warped to an individual shape, given the signals of '
        'its tissues and individual texture, resampled to an acquisition with noise and shading, '
        'and implanted with enlarged perivascular spaces in the basal ganglia.',
    },
    'backgrounds': {
        'name': 'real scans',
        'licence': 'That of the scans given with --backgrounds; simulated parts: CC0-1.0',
        'acknowledge': 'As the authors of the scans given with --backgrounds request.',
        'people': 'These T2w are scans of real people, given with --backgrounds; handle them '
        'accordingly. Small bright spots in the basal ganglia were removed, the scans were '
        'flipped or warped, and simulated enlarged perivascular spaces were implanted.',
    },
}
_REFERENCES = [
    'https://doi.org/10.3390/diagnostics14141504',
    'https://doi.org/10.1016/j.neuroimage.2010.07.033',
    'https://doi.org/10.1038/s41597-020-0557-9',
]
PARTICIPANTS = {
    'Description': 'Simulated participants',
    'participant_id': {'Description': 'Label of a simulated participant'},
}

ANATOMY = {
    'anatomy': {
        'Description': (
            'Source of the participant: the label map of this name from --anatomies (FreeSurfer '
            'labels), or the template (CerebrA labels)'
        )
    }
}

TRUTH_README = (
    'Truth of the simulated dataset in ../..\n\n'
    'desc-epvs_dseg labels every enlarged perivascular space that can be counted, '
    'desc-structures_dseg the anatomy, desc-basalganglia_dseg the region of interest '
    '(1 left, 2 right), all on the grid of the T2w. desc-epvs_counts holds the true counts '
    'of the six images, desc-potter_grade the resulting grades, and from-T2w_to-*_xfm the '
    'movement of the head between scans.\n'
)
TRUTH_BIDSIGNORE = '*_counts.tsv\n*_counts.json\n*_grade.tsv\n*_grade.json\n*_xfm.json\n'

COUNTS = {
    'hemisphere': {
        'Description': 'Anatomical hemisphere',
        'Levels': {'L': 'left', 'R': 'right'},
    },
    'slice': {'Description': 'Index along the slice axis of the stored T2w, counted from 0'},
    'slice_rank': {'Description': '1 for the lowest of the three slices to 3 for the highest'},
    'count': {'Description': 'True number of visible enlarged perivascular spaces in the image'},
}

GRADE = {
    'participant_id': {'Description': 'Participant'},
    'session_id': {'Description': 'Session; n/a if there is none'},
    'potter': {'Description': 'Potter grade of the person: the highest grade of the six images'},
    'potter_left': {'Description': 'Highest grade of the left images'},
    'potter_right': {'Description': 'Highest grade of the right images'},
    'count_max': {'Description': 'Largest count of the six images'},
}

_DSEG = {
    'epvs': 'Countable enlarged perivascular spaces, each with a unique number',
    'structures': 'Structures with FreeSurfer numbers, and the internal capsule between them',
    'basalganglia': 'Basal ganglia: 1 left, 2 right hemisphere',
}

_SCANNER = {
    'Manufacturer': 'Simulated',
    'ManufacturersModelName': 'pvs_workflow.simulation',
    'DeviceSerialNumber': '0',
    'StationName': 'SIMULATION',
    'InstitutionName': 'None: simulated',
    'InstitutionAddress': 'None: simulated',
    'InstitutionalDepartmentName': 'None: simulated',
    'MagneticFieldStrength': 3,
    'ReceiveCoilName': 'Simulated',
    'ReceiveCoilActiveElements': 'Simulated',
    'MatrixCoilMode': 'Simulated',
    'CoilCombinationMethod': 'Simulated',
    'PulseSequenceDetails': 'Simulated from averages or relaxation times',
    'BodyPart': 'HEAD',
    'NonlinearGradientCorrection': False,
}

_SEQUENCES = {  # T2w: Chae et al. 2024, section 2.2; others: typical values at 3 T
    'T2w': {
        'RepetitionTime': 4.45,
        'EchoTime': 0.081,
        'FlipAngle': 150,
        'MRAcquisitionType': '2D',
        'ScanningSequence': 'SE',
        'SequenceVariant': 'SK',
        'SequenceName': 'tse2d',
        'PulseSequenceType': '2D turbo spin echo (simulated)',
        'DwellTime': 3.1e-06,
    },
    'T1w': {
        'RepetitionTime': 1.9,
        'EchoTime': 0.0025,
        'InversionTime': 0.9,
        'FlipAngle': 9,
        'MRAcquisitionType': '3D',
        'ScanningSequence': 'GR',
        'SequenceVariant': 'SP',
        'SequenceName': 'mprage',
        'PulseSequenceType': 'MPRAGE (simulated)',
        'DwellTime': 7.1e-06,
    },
    'FLAIR': {
        'RepetitionTime': 5.0,
        'EchoTime': 0.39,
        'InversionTime': 1.8,
        'FlipAngle': 120,
        'MRAcquisitionType': '3D',
        'ScanningSequence': 'SE',
        'SequenceVariant': 'SK',
        'SequenceName': 'tse3d_flair',
        'PulseSequenceType': '3D turbo spin echo FLAIR (simulated)',
        'DwellTime': 3.4e-06,
    },
}
_VOLUMETRIC = {
    'MRAcquisitionType': '3D',
    'SequenceName': 'tse3d',
    'PulseSequenceType': '3D turbo spin echo (simulated)',
}
_IMPLANTED = {
    'BodyPart': 'HEAD',
    'PulseSequenceDetails': 'A real scan with simulated perivascular spaces implanted',
}


def scan_metadata(contrast: str, protocol: Protocol, n_slices: int, version: str) -> dict:
    """Return the metadata of a simulated scan by this ``version`` of the package."""
    # The times of a real scan with implanted spaces are unknown.
    known = protocol.echo_time > 0
    sequence = dict(_SEQUENCES[contrast])
    if contrast == 'T2w':
        sequence['RepetitionTime'] = round(protocol.repetition_time / 1000, 4)
        sequence['EchoTime'] = round(protocol.echo_time / 1000, 5)
        if protocol.slab > 1:
            sequence |= _VOLUMETRIC
    timing = {}
    if sequence['MRAcquisitionType'] == '2D':
        order = [*range(0, n_slices, 2), *range(1, n_slices, 2)]  # interleaved
        times = {z: n * sequence['RepetitionTime'] / n_slices for n, z in enumerate(order)}
        timing['SliceTiming'] = [round(times[z], 4) for z in range(n_slices)]
    scanner = {**_SCANNER, 'SoftwareVersions': version, **sequence, **timing}
    return {
        **(scanner if known else _IMPLANTED),
        'SliceThickness': round(protocol.thickness * (1 - protocol.gap), 4),
        'SpacingBetweenSlices': round(protocol.thickness, 4),
    }


def dseg(kind: str, source: str) -> dict:
    """Return the metadata of a truth segmentation."""
    return {
        'Description': _DSEG[kind],
        'Sources': [source],
        'SpatialReference': source,
        'hemisphere': COUNTS['hemisphere'],
    }


def raw_description(version: str, origin: str = 'template') -> dict:
    """Return the description of the raw dataset; ``origin`` is the source of its images."""
    texts = _ORIGINS[origin]
    sources = {
        'Acknowledgements': f'Made from {_TEMPLATE}.',
        'SourceDatasets': [
            {'DOI': 'doi:10.1016/j.neuroimage.2010.07.033', 'Version': '2009c symmetric'},
            {'DOI': 'doi:10.1038/s41597-020-0557-9', 'Version': 'CerebrA'},
        ],
    }
    return {
        'Name': f'Simulated enlarged perivascular spaces in {texts["name"]}',
        'BIDSVersion': '1.10.0',
        'DatasetType': 'raw',
        'License': texts['licence'],
        'Authors': ['The pvs_workflow developers'],
        'HowToAcknowledge': texts['acknowledge'],
        'ReferencesAndLinks': _REFERENCES,
        'GeneratedBy': [_generator(version)],
        **(sources if origin != 'backgrounds' else {}),
    }


def truth_description(version: str) -> dict:
    """Return the description of the truth dataset."""
    return {
        'Name': 'Truth of the simulated enlarged perivascular spaces',
        'BIDSVersion': '1.10.0',
        'DatasetType': 'derivative',
        'License': 'CC0-1.0',
        'Authors': ['The pvs_workflow developers'],
        'ReferencesAndLinks': _REFERENCES,
        'GeneratedBy': [_generator(version)],
        'SourceDatasets': [{'URL': '../..'}],
        'DatasetLinks': {'raw': '../..'},
    }


def readme(
    participants: int, seed: int, acquisition: str, notes: str, origin: str = 'template'
) -> str:
    """Return the README of the raw dataset; ``origin`` as in :func:`raw_description`."""
    people, settings = _ORIGINS[origin]['people'], f'Acquisition: {acquisition}. Seed: {seed}.\n'
    notice = 'The notice in COPYING_ICBM152 applies to the images.\n'
    if origin == 'backgrounds':
        settings = f'Distribution of counts: {acquisition}. Seed: {seed}.\n'
        notice = 'The terms of the real scans apply to the images.\n'
    return (
        f'Simulated brain MRI of {participants} participants\n\n'
        f'{people} Their numbers and positions are in derivatives/truth.\n\n'
        + settings
        + (f'\n{notes}\n' if notes else '')
        + f'\n{notice}'
    )


def _generator(version: str) -> dict:
    return {
        'Name': 'pvs_workflow.simulation',
        'Version': version,
        'Description': 'Simulation of T2w, T1w and FLAIR with implanted perivascular spaces',
    }
