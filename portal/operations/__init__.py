"""Use cases: one public writing function is one transaction."""
