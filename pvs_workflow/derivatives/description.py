"""Write the files that describe the output folder as a BIDS derivative."""

from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.errors import OutputError
from pvs_workflow.files import read_json_object, write_json, write_text

NAME = 'pvs_workflow'
BIDS_VERSION = '1.10.0'
BIDSIGNORE = (
    # Results for which BIDS has no names yet.
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
    # Files still being written.
    '.writing-*',
)


def describe_outputs(output_dir: Path, bids_dir: Path | None = None) -> None:
    """Write ``dataset_description.json`` and ``.bidsignore``.

    An existing description is replaced only if the raw dataset is known.

    Parameters
    ----------
    output_dir : Path
    bids_dir : Path, optional
        The raw dataset, which becomes the source of the derivatives.

    Raises
    ------
    OutputError
        If the folder cannot be written, or belongs to another pipeline.

    """
    path = output_dir / 'dataset_description.json'
    existing = read_json_object(path)
    generated_by = existing.get('GeneratedBy')
    entries = generated_by if isinstance(generated_by, list) else []
    pipelines = [entry.get('Name') for entry in entries if isinstance(entry, dict)]
    if existing and NAME not in pipelines:
        raise OutputError(
            f'{output_dir} belongs to another dataset, {existing.get("Name", "unnamed")!r}; '
            f'choose an empty folder or one of {NAME}'
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
    uri = bids_dir.resolve().as_uri()
    raw = read_json_object(bids_dir / 'dataset_description.json')
    source = {'URL': uri}
    if isinstance(raw.get('DatasetDOI'), str):
        source['DOI'] = raw['DatasetDOI']
    return description | {'SourceDatasets': [source], 'DatasetLinks': {'raw': uri}}
