"""How the shipped demo models are trained: documented, resumable commands that CI does not run."""
