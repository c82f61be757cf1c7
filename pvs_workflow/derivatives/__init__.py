"""Names, columns, readers and writers of the files that the app promises."""
