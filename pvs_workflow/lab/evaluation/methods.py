"""The enhancements that a cross-validation compares."""

DEEP = 'deep'
"""Name of the network's enhancement; the others are filters."""

TITLES = {
    'none': 'none',
    'tophat': 'top-hat',
    'clahe': 'CLAHE',
    'laplacian': 'Laplacian',
    'frangi': 'Frangi',
    DEEP: 'deep (U-Net)',
}
"""Titles of the enhancements by name, in the order of tables and figures."""

METHODS = tuple(TITLES)
"""Names of the enhancements."""
