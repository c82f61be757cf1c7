"""The files at the top of the output folder that describe it as a BIDS derivative."""

from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.errors import OutputError
from pvs_workflow.files import read_json_object, write_json, write_text

NAME = 'pvs_workflow'
BIDS_VERSION = '1.10.0'
BIDSIGNORE = (
    # Results that BIDS has no names for yet.
    '*.html',
    '/logs',
    '/group_*',
    '/reading',
    '/reading_key*',
    'sub-*/log',
    'sub-*/figures',
    '*_grade.tsv',
    '*_grade.json',
    '*_counts.tsv',
    '*_counts.json',
    '*_instances.tsv',
    '*_instances.json',
    '*_xfm.*',
    # Files that are being written.
    '.writing-*',
)


def describe_outputs(output_dir: Path, bids_dir: Path | None = None) -> None:
    """Write ``dataset_description.json`` and ``.bidsignore``.

    Without a raw dataset, a description that is there stays as it is.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or belongs to another pipeline.

    """
    path = output_dir / 'dataset_description.json'
    existing = read_json_object(path)
    made = existing.get('GeneratedBy')
    makers = [m.get('Name') for m in made if isinstance(m, dict)] if isinstance(made, list) else []
    if existing and NAME not in makers:
        raise OutputError(
            f'{output_dir} belongs to another dataset, expected an empty folder or one that '
            f'{NAME} made, received {existing.get("Name", "one without a name")!r}'
        )
    if bids_dir is not None or not existing:
        write_json(path, _description(bids_dir))
    write_text(output_dir / '.bidsignore', '\n'.join(BIDSIGNORE) + '\n')


def _description(bids_dir: Path | None) -> dict:
    description = {
        'Name': f'{NAME}: enlarged perivascular spaces in the basal ganglia',
        'BIDSVersion': BIDS_VERSION,
        'DatasetType': 'derivative',
        'GeneratedBy': [{'Name': NAME, 'Version': __version__}],
        'HowToAcknowledge': 'Cite the method: Chae, Yang, Moon and Kim, Diagnostics 2024, 14:1504',
    }
    if bids_dir is None:
        return description
    address = bids_dir.resolve().as_uri()
    raw = read_json_object(bids_dir / 'dataset_description.json')
    source = {'URL': address}
    if isinstance(raw.get('DatasetDOI'), str):
        source['DOI'] = raw['DatasetDOI']
    return description | {'SourceDatasets': [source], 'DatasetLinks': {'raw': address}}
