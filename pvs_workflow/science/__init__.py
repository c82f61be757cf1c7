"""Pure functions of the method: arrays in, arrays out, without files or workflows."""
