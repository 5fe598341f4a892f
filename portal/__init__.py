"""Créneau, a public booking portal that companies run themselves."""

import gc

# Importing the portal makes two hundred thousand objects that live as long as the process. Python's own threshold of
# 700 has it look through them hundreds of times, a sixth of what starting a command or a worker takes.
gc.set_threshold(20_000)
