"""The node that holds data against declared rules."""
