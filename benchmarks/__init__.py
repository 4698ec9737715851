"""Accuracy and speed, each one command, each against a reference."""
