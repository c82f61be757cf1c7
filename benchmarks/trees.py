"""BIDS datasets of any size, with the files and names of a cohort and tiny images.

Images are valid NIfTI files of a few voxels. Files of one kind are hard links to one file, so
that 50,000 participants need little disk space. Listing, opening and checking them works as usual.
"""

import gzip
import json
import os
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import write_json

SECOND_SESSION = 0.2
"""Share of the people with two sessions."""

_SCANNER = {
    'Manufacturer': 'Siemens',
    'ManufacturersModelName': 'Prisma',
    'MagneticFieldStrength': 3,
    'InstitutionName': 'North',
    'BodyPartExamined': 'BRAIN',
}
_IMAGES = {
    'anat/T1w': (4, {'RepetitionTime': 2.3, 'EchoTime': 0.00298, 'MRAcquisitionType': '3D'}),
    'anat/T2w': (4, {'RepetitionTime': 4.45, 'EchoTime': 0.081, 'MRAcquisitionType': '2D'}),
    'anat/FLAIR': (4, {'RepetitionTime': 5.0, 'EchoTime': 0.388, 'MRAcquisitionType': '3D'}),
    'func/task-rest_bold': (2, {'RepetitionTime': 2.0, 'TaskName': 'rest'}),
    'dwi/dir-AP_dwi': (2, {'RepetitionTime': 3.2, 'PhaseEncodingDirection': 'j-'}),
}
_TEXTS = {'dwi/dir-AP_dwi.bval': '0 1000\n', 'dwi/dir-AP_dwi.bvec': '0 1\n0 0\n0 0\n'}


class Linker:
    """Creator of many files with the same content, as hard links."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.sources: dict[str, tuple[bytes, str]] = {}

    def add(self, name: str, content: bytes) -> None:
        """Store content under a name."""
        path = self._folder / f'{len(list(self._folder.iterdir()))}'
        path.write_bytes(content)
        self.sources[name] = content, str(path)

    def put(self, name: str, target: str) -> None:
        """Make a file; if its source allows no more links, make a new source."""
        content, source = self.sources[name]
        try:
            os.link(source, target)
        except OSError:
            self.add(name, content)
            os.link(self.sources[name][1], target)


def make_tree(folder: Path, number: int, seed: int) -> int:
    """Make a dataset of ``sub-00001`` and so on; return the number of files.

    ``<folder>_contents`` next to it holds the files that it links to. Ages, sexes and second
    sessions follow the seed.
    """
    rng = np.random.default_rng(seed)
    linker = Linker(folder.with_name(f'{folder.name}_contents'))
    _add_contents(linker)
    folder.mkdir(parents=True)
    description = {'Name': f'{number} people', 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'}
    write_json(folder / 'dataset_description.json', description)
    (folder / 'README').write_text(
        'A dataset for benchmarks, with the file names of a cohort. ' * 4
    )
    lines, files = ['participant_id\tage\tsex'], 3
    has_second = rng.random(number) < SECOND_SESSION
    ages, sexes = rng.normal(66, 9, number).clip(35, 89), rng.choice(['F', 'M'], number)
    for person in range(number):
        label = f'sub-{person + 1:05d}'
        lines.append(f'{label}\t{ages[person]:.1f}\t{sexes[person]}')
        for session in ('ses-01', 'ses-02') if has_second[person] else ('ses-01',):
            root = f'{folder}/{label}/{session}'
            for datatype in ('anat', 'func', 'dwi'):
                Path(root, datatype).mkdir(parents=True)
            for name in linker.sources:
                datatype, ending = name.split('/')
                linker.put(name, f'{root}/{datatype}/{label}_{session}_{ending}')
                files += 1
    (folder / 'participants.tsv').write_text('\n'.join(lines) + '\n')
    return files


def _add_contents(linker: Linker) -> None:
    for name, (size, facts) in _IMAGES.items():
        shape = (size, size, size, 2) if '_' in name else (size, size, size)
        image = nb.Nifti1Image(np.zeros(shape, np.int16), np.diag([0.6, 0.6, 5, 1]))
        image.header.set_xyzt_units('mm', 'sec')
        if len(shape) == 4:
            image.header['pixdim'][4] = facts['RepetitionTime']
        linker.add(f'{name}.nii.gz', gzip.compress(image.to_bytes(), mtime=0))
        linker.add(f'{name}.json', (json.dumps(_SCANNER | facts, indent=2) + '\n').encode())
    for name, text in _TEXTS.items():
        linker.add(name, text.encode())
