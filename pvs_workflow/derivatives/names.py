"""Names of the files written for a scan, without the entities of the scan itself."""

GRADE = 'desc-potter_grade'
COUNTS = 'desc-epvs_counts'
INSTANCES = 'space-T2w_desc-epvs_instances'

T2W = 'desc-preproc_T2w'
T1W = 'space-T2w_desc-preproc_T1w'
FLAIR = 'space-T2w_desc-preproc_FLAIR'
ROI = 'space-T2w_desc-basalganglia_dseg'
STRUCTURES = 'space-T2w_desc-structures_dseg'
ENHANCED = 'space-T2w_desc-enhanced_T2w'
EPVS = 'space-T2w_desc-epvs_dseg'

T1W_TRANSFORM = 'from-T1w_to-T2w_mode-image_xfm'
FLAIR_TRANSFORM = 'from-FLAIR_to-T2w_mode-image_xfm'
TEMPLATE_TRANSFORM = 'from-MNI152NLin2009cSym_to-T2w_mode-image_xfm'

TABLES = (GRADE, COUNTS, INSTANCES)
"""Tables of one scan, each a TSV with a JSON data dictionary."""
