"""Arrays in, arrays out: the method itself, free of files, engines and workflows."""
