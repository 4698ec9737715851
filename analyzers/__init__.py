"""One file is one analyzer: its policy, its rows, its function."""
