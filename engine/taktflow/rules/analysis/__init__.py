"""The static analysis of decision tables: what is wrong, missing or idle in them, each with an example that shows it."""
