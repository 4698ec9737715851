"""What is particular to a language: word lists, word forms, numbers."""
