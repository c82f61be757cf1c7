"""Statistics of a cohort: changes, outliers and associations."""
