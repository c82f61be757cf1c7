"""Alignment with ANTs: images in, transforms out.

Images are :class:`nibabel.Nifti1Image` in canonical order, transforms are files that ITK reads.
This is the only room that imports :mod:`ants`.
"""
