"""Registration with ANTs: images in, transforms out.

Images are :class:`nibabel.Nifti1Image` in canonical order. Linear transforms are
:class:`~pvs_workflow.registration.transforms.LinearTransform`, others are displacement fields as
ITK stores them. This is the only package that imports :mod:`ants`, and it does so when a
registration starts.
"""
