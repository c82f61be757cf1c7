"""Names, columns, readers and writers of the app's output files."""
