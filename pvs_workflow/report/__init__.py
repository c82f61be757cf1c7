"""Figures and pages: arrays to figures, saved derivatives to pages.

===================================  ==========================================================
Figures of a participant             ``alignment`` and ``anatomy`` (drawn with nilearn by
                                     ``cuts``), ``images``, ``charts.grade_figure``
Page of a participant, ``sub-X``     ``page``, of ``spec``, ``results``, ``embed``, ``methods``
                                     (with ``citations``) and ``provenance``
Page of a group                      ``group_page``, of ``sections``, the ``*_section`` and their
                                     charts (``charts``, ``cohort_charts``, ``agreement_charts``)
Sheet for readers                    ``reading_sheet``, ``reading_images``
What all use                         ``canvas``, ``labels``, ``rendering``, ``saving``
===================================  ==========================================================
"""
