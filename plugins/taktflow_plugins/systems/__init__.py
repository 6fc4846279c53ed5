"""Nodes that read from and act upon configured systems."""
