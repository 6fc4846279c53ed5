"""Taktflow: a workflow engine for manufacturers, declared in YAML and interpreted durably."""

__version__ = "0.1.0"
