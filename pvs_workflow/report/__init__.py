"""Figures, drawn from arrays, and pages, built from saved derivatives.

===================================  ==========================================================
Figures of a participant             ``alignment`` and ``anatomy`` (drawn with nilearn by
                                     ``cuts``), ``images``, ``charts.grade_figure``
Page of a participant, ``sub-X``     ``page``, with ``spec``, ``results``, ``methods`` and
                                     ``provenance``
Page of a group                      ``group_page``, with ``sections``, ``change_section``,
                                     ``agreement_section`` and ``charts``
Reading sheet                        ``reading_sheet``, ``reading_images``
Shared by all                        ``canvas``, ``labels``, ``rendering``, ``saving``
===================================  ==========================================================
"""
