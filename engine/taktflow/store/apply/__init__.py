"""Plain SQL of the state path: what each part of a commit writes."""
