"""Registration with ANTs: images in, transforms out.

Images are :class:`nibabel.Nifti1Image` in canonical order. Linear transforms are
:class:`~pvs_workflow.registration.transforms.LinearTransform`; others are displacement fields in
ITK's format. Only this package imports :mod:`ants`, and only when a registration starts.
"""
