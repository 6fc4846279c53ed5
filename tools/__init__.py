"""What builds and describes the project; nothing here is installed with it."""
