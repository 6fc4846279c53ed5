"""The node that shapes data."""
