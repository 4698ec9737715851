"""Conduct manuals as rules: read, applied to one call, scored."""
