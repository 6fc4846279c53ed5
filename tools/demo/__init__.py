"""Taktflow with a sample day on a simulated plant: what `make run` starts."""
