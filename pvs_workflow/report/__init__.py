"""Figures and pages: arrays to figures, saved derivatives to pages.

===================================  ==========================================================
Figures of a participant             ``alignment`` and ``anatomy`` (drawn with nilearn by
                                     ``cuts``), ``images``, ``charts.grade_figure``
Page of a participant, ``sub-X``     ``page``, of ``spec``, ``results``, ``methods`` and
                                     ``provenance``
Page of a group                      ``group_page``, of ``sections``, ``change_section``,
                                     ``agreement_section`` and ``charts``
Sheet for readers                    ``reading_sheet``, ``reading_images``
What all use                         ``canvas``, ``labels``, ``rendering``, ``saving``
===================================  ==========================================================
"""
