"""The generated part of the documentation: what the code says of itself, as pages."""
