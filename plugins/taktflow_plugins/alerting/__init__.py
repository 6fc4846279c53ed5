"""The node that tells people."""
