"""Results and raw datasets of untidy cohorts, for the group level."""

import json

import pandas as pd

from pvs_workflow.group import collect_group
from tests.builders.results import derivative_path, save_result


def save_count(out, participant, count, session=None, **options):
    """Write the results of a T2w whose highest count is known; return its path in the dataset."""
    counts = [count - step / 10 for step in range(6)]
    stem = save_result(out, participant, session, counts=counts, **options)
    return f'{stem.relative_to(out).as_posix()}_T2w.nii.gz'


def save_raw(bids, *images, sidecars=()):
    """Make a raw dataset with empty images, and a JSON file for each that has one."""
    bids.mkdir(exist_ok=True)
    text = {'Name': 'untidy', 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'}
    (bids / 'dataset_description.json').write_text(json.dumps(text))
    for image in images:
        (bids / image).parent.mkdir(parents=True, exist_ok=True)
        (bids / image).touch()
    for image, sidecar in zip(images, sidecars, strict=False):
        (bids / image.replace('.nii.gz', '.json')).write_text(json.dumps(sidecar))
    return bids


def write_rows(path, *rows):
    """Write a table as tab-separated text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n', encoding='utf-8')


def collect(out, bids=None):
    """Run the group level; return its outcome, the grades, the changes (or None) and the page."""
    output = collect_group(out, bids)
    grades = pd.read_csv(out / 'group_potter.tsv', sep='\t', keep_default_na=False)
    path = out / 'group_change.tsv'
    changes = pd.read_csv(path, sep='\t', keep_default_na=False) if path.exists() else None
    return output, grades, changes, (out / 'group_potter.html').read_text(encoding='utf-8')


def preproc_t2w(out, image):
    """Return the path of the T2w in the derivatives of an image."""
    return derivative_path(out / image.removesuffix('_T2w.nii.gz'), 'desc-preproc_T2w.nii.gz')
