"""The rules: standard library only, and the clock is always an argument."""
