"""Fill the table of constants in docs/methods.md with their values in the code.

Usage: python scripts/make_constants_table.py [PAGE]

Constants of the cascade come from the card of the shipped one.
"""

import argparse
import json
import re
from importlib import import_module
from pathlib import Path

from pvs_workflow import data

PAGE = Path(__file__).parents[1] / 'docs' / 'methods.md'
BLOCK = re.compile(r'(<!-- begin: constants -->\n).*(<!-- end: constants -->)', re.DOTALL)
HEAD = ('| constant | value | unit | meaning |', '|---|---|---|---|')

CONSTANTS = {
    '1. Conform': (
        ('science.checks.MAX_VOXELS', 'voxels', 'largest image that is read'),
        ('inputs.screening.MIN_ECHO_TIME', 's', 'shortest echo time of a T2w'),
        ('science.checks.MAX_IN_PLANE', 'mm', 'largest axial voxel of a T2w'),
        ('science.checks.OBLONG', '', 'smallest ratio of slice spacing to in-plane size'),
        ('science.checks.MIN_FIELD', 'mm', 'smallest field of view, left–right and back–front'),
        ('science.geometry.MAX_VOXEL_SIZE', 'mm', 'largest voxel of any image'),
        ('science.geometry.SHEAR_TOLERANCE', '', 'largest cosine between two voxel axes'),
        ('science.geometry.SIZE_TOLERANCE', '', 'largest difference of sform and header sizes'),
        ('science.values.FLOOR', '', 'largest ratio of lowest value to mean without an offset'),
        ('science.values.BACKGROUND', '%', 'percentile that is the background below 0'),
    ),
    '2. Correct': (('registration.bias.GRID', 'mm', 'voxel size for N4'),),
    '3. Locate': (
        ('registration.affine.GRID', 'mm', 'voxel size of the affine registration'),
        ('registration.affine.GOOD_FIT', '', 'mutual information that ends the search'),
        ('registration.affine.POOR_FIT', '', 'mutual information below which all starts compete'),
        ('registration.affine.ANGLES', 'degrees', 'further starts: angles of nodding'),
        ('registration.affine.SIZES', '', 'further starts: sizes relative to the template'),
        ('registration.affine.VOLUME_RATIOS', '', 'limits of head volume over template volume'),
        ('method.locate.MIN_VISIBLE', '', 'smallest visible share of the basal ganglia'),
        ('science.nuclei.BOX_SHAPE', 'voxels', 'input of the nuclei network'),
        ('science.nuclei.BOX_SIZE', 'mm', 'voxel size of that input'),
        ('science.nuclei.BOX_CENTRE', 'mm', 'centre of that input in the template (RAS+)'),
        ('science.nuclei.LAYERS', '', 'samples through a slice that vote for its labels'),
        ('science.nuclei.ONE_SIDED', '', 'share of a nucleus on one side that decides its side'),
        ('registration.syn.FIELD_GRID', 'mm', 'voxel size of the displacement field'),
        ('registration.syn.FIELD_MARGIN', 'mm', 'width of the field around the T2w'),
    ),
    '4. Align': (
        ('registration.rigid.SEARCH', 'mm', 'voxel size for comparing the two starting positions'),
        ('registration.rigid.GRID', 'mm', 'voxel size for refining the better one'),
        ('registration.rigid.SAMPLING', '', 'share of voxels in the metric, by voxel size'),
    ),
    '5. Cut': (
        ('science.slices.N_SLICES', '', 'contiguous axial slices'),
        ('science.slices.FIELD_OF_VIEW', 'mm', 'size of an image, left–right and back–front'),
        ('science.slices.IMAGE_SHAPE', 'pixels', 'size of an image, left–right and back–front'),
        ('science.slabs.THIN_SLICE', 'mm', 'slice spacing below which slices are averaged'),
        ('science.slabs.SLAB', 'mm', 'thickness of averaged slabs'),
        ('card.preprocessing.upper', 'ROI medians', 'intensity that becomes 1'),
        ('card.preprocessing.margin', 'pixels', 'margin around the ROI that is kept'),
    ),
    '6. Count': (
        ('card.emphasis.weight', '', 'weight of the evidence; the image has weight 1'),
        ('card.emphasis.floor', '', 'evidence below this is left out'),
        ('card.architecture.enhancer.width', 'filters', 'filters in the first level of the U-Net'),
        ('card.architecture.enhancer.depth', '', 'pooling layers of the U-Net'),
        ('card.architecture.counter.filters', 'filters', 'convolutions of the counter'),
        ('card.architecture.counter.strides', 'pixels', 'strides of these convolutions'),
        ('card.architecture.count_scale', 'ePVS', 'count that the counter returns as 1'),
        ('science.grading.UPPER_COUNTS', 'ePVS', 'largest count of the Potter grades 0 to 3'),
    ),
    '7. Find': (
        ('science.components.SMOOTHING', 'pixels', 'standard deviation of the Gaussian'),
        ('science.components.DIP', '', 'drop between two maxima that separates two ePVS'),
        ('science.components.EXTENT', '', 'evidence at the edge of an ePVS over its maximum'),
        ('science.components.MIN_STRENGTH', '', 'lowest maximum of smoothed evidence of an ePVS'),
        ('science.components.FLUID', 'ROI medians', 'intensity of fluid'),
        ('science.components.FLUID_DISTANCE', 'pixels', 'distance to other fluid'),
    ),
    '8. Assess': (
        ('science.quality.ROI_VOLUME', 'cm³', 'plausible ROI volume of a hemisphere'),
        ('science.quality.ROI_AREA', 'mm²', 'smallest plausible ROI area in an image'),
        ('science.quality.ASYMMETRY', '', 'largest difference of ROI volumes over their mean'),
        ('science.quality.VISIBLE', '', 'visible share of the basal ganglia; below: review'),
        ('science.quality.MAX_TILT', '°', 'angle of slices and axial plane; above: review'),
        ('science.quality.FLUID_CONTRAST', '', 'signal of fluid over grey matter; below: review'),
        ('method.assess.CORRELATION', '', 'correlation with the template; below: fail, review'),
        ('method.assess.OVERLAP', '', 'Dice of nuclei in T2w and T1w or FLAIR; below: review'),
        ('method.assess.HANDEDNESS', '', 'fit over that of the mirror image; below: review'),
    ),
    'Uncertainty': (
        ('card.calibration.coverage', '', 'coverage of the intervals'),
        ('card.calibration.correlation', '', "correlation of the errors of a person's images"),
        ('card.calibration.n_images', 'images', 'calibration images, with their variations'),
        ('card.reference.limit', '', 'largest distance of an image in distribution'),
        ('lab.training.reference.FLAGGED', '', 'share of calibration images above that limit'),
        ('lab.training.conformal.MIN_PER_LEVEL', 'images', 'minimum number of images of a grade'),
        ('lab.training.calibrate.PRIOR_COUNT', 'ePVS', 'weight of the prior for unbiased counts'),
    ),
}
"""Constants of each step: name, unit and meaning. Names below ``card`` are those of card.json."""


def find_value(name: str):
    """Return the value of a constant.

    Examples
    --------
    >>> find_value('science.slices.IMAGE_SHAPE')
    (80, 96)

    """
    if name.startswith('card.'):
        value = json.loads(data.path('cascade', 'card.json').read_text('utf-8'))
        for key in name.split('.')[1:]:
            value = value[key]
        return value
    module, _, constant = name.rpartition('.')
    return getattr(import_module(f'pvs_workflow.{module}'), constant)


def show(value) -> str:
    """Return a value as text.

    Examples
    --------
    >>> show((80, 96)), show({4.0: 0.2}), show(2**27), show(0.05)
    ('80, 96', '0.2 at 4', '134,217,728', '0.05')

    """
    if isinstance(value, dict):
        return ', '.join(f'{show(one)} at {show(key)}' for key, one in value.items())
    if isinstance(value, tuple | list):
        return ', '.join(map(show, value))
    return f'{value:,}' if isinstance(value, int) else f'{value:g}'


def make_table() -> str:
    """Return the table of all constants as Markdown."""
    lines = list(HEAD)
    for step, constants in CONSTANTS.items():
        lines.append(f'| **{step}** | | | |')
        lines += [
            f'| `{name}` | {show(find_value(name))} | {unit} | {meaning} |'
            for name, unit, meaning in constants
        ]
    return '\n'.join(lines)


def fill(text: str) -> str:
    """Return the page with its table made again."""
    return BLOCK.sub(lambda match: f'{match[1]}\n{make_table()}\n\n{match[2]}', text)


def main() -> None:
    """Fill the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('page', nargs='?', type=Path, default=PAGE)
    page = parser.parse_args().page
    page.write_text(fill(page.read_text('utf-8')), 'utf-8')


if __name__ == '__main__':
    main()
