"""Results of steps as files, which pass them between processes and can be opened in a viewer."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Self, get_args, get_type_hints

import nibabel as nb
import numpy as np

from pvs_workflow.registration.transforms import LinearTransform

_ARRAYS = 'arrays.npz'


@dataclass(frozen=True)
class Saved:
    """Result of a step, which can be saved to a folder and loaded without loss.

    Images are saved as ``<field>.nii.gz``, linear transforms as ``<field>.txt``, arrays together
    in ``arrays.npz``, and all other fields in ``<class>.json``. The JSON file contains the
    checksums of the other files, so it changes whenever any part of the result changes.
    """

    def save(self, folder: Path) -> Path:
        """Save the result; return the path of its JSON file, for :meth:`load`.

        Parameters
        ----------
        folder : Path
            Folder to write to, created if necessary; it must not contain another result.

        """
        folder.mkdir(parents=True, exist_ok=True)
        values, files, arrays = {}, {}, {}
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if isinstance(value, nb.Nifti1Image):
                files[name] = f'{name}.nii.gz'
                nb.save(value, folder / files[name])
            elif isinstance(value, LinearTransform):
                files[name] = value.save(folder / f'{name}.txt').name
            elif isinstance(value, np.ndarray):
                files[name], arrays[name] = _ARRAYS, value
            else:
                values[name] = value
        if arrays:
            np.savez(folder / _ARRAYS, **arrays)
        sums = {file: _sha256(folder / file) for file in sorted(set(files.values()))}
        index = folder / f'{type(self).__name__}.json'
        content = {'values': values, 'files': files, 'sha256': sums}
        index.write_text(json.dumps(content, default=asdict))
        return index

    @classmethod
    def load(cls, index: Path | str) -> Self:
        """Load a result from the file that :meth:`save` returned; voxels are read lazily."""
        index = Path(index)
        content, hints = json.loads(index.read_text()), get_type_hints(cls)
        values = {name: _build(hints[name], value) for name, value in content['values'].items()}
        for name, file in content['files'].items():
            values[name] = _read(hints[name], index.with_name(file), name)
        return cls(**values)


@dataclass(frozen=True)
class Unusable(Saved):
    """The place of a result on an optional image that cannot be used.

    Attributes
    ----------
    reason : str
        A sentence that names the image.

    """

    reason: str


def is_unusable(index: Path | str) -> bool:
    """Return whether a saved result is :class:`Unusable`, by the name of its file."""
    return Path(index).stem == Unusable.__name__


def saved_file(index: Path | str, field: str) -> Path:
    """Return the file of an image or transform of a saved result, by field name."""
    return Path(index).with_name(json.loads(Path(index).read_text())['files'][field])


def load_arguments(function: Callable, values: Mapping) -> dict:
    """Load the arguments of a function from values that name files of saved results.

    The function's type hints define what to load; values that it does not take are skipped.
    """
    hints = get_type_hints(function)
    return {name: _load(hints[name], values[name]) for name in values if name in hints}


def _load(hint, value):
    if isinstance(value, list):
        return tuple(_load(get_args(hint)[0], part) for part in value)
    kinds = [one for one in get_args(hint) or [hint] if isinstance(one, type)]
    if any(issubclass(one, Saved) for one in kinds):
        # The file is named after the class.
        return {one.__name__: one for one in (*kinds, Unusable)}[Path(value).stem].load(value)
    return Path(value) if hint is Path else value


def _build(hint, value):
    """Convert a value from JSON to its type hint: nested dataclasses and tuples."""
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{name: _build(hints[name], part) for name, part in value.items()})
    if isinstance(value, list):
        return tuple(_build((*get_args(hint), None)[0], part) for part in value)
    return value


def _read(hint, path: Path, name: str):
    if hint is np.ndarray:
        with np.load(path) as arrays:
            return arrays[name]
    return nb.load(path) if hint is nb.Nifti1Image else LinearTransform.load(path)


def _sha256(path: Path) -> str:
    with path.open('rb') as stream:
        return hashlib.file_digest(stream, 'sha256').hexdigest()
