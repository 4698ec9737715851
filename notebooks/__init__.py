"""Notebooks that read the tables: opened in Jupyter, or run by the night and published as pages."""
