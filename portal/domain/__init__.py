"""The rules: standard library and re2 only, and the clock is always an argument."""
