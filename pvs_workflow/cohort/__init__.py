"""Statistics of a cohort: change, outliers, associations."""
