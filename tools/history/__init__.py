"""Reads what a database says of its own past, and finds what cannot be: an independent check after crashes."""
