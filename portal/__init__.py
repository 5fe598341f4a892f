"""Créneau, a public booking portal that companies run themselves."""
