"""One file is one KPI table."""
