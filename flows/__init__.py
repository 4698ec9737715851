"""The night as a readable list of steps, and the command line."""
