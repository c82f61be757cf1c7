"""Read raters' tables and the keys of reading sheets, and compute agreement."""
