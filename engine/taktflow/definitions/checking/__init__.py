"""Everything the checker looks at, one module per part of the language; the door is :mod:`..check`."""
