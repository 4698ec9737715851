"""Makers of test calls whose every event is known."""
