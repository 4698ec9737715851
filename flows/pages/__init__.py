"""Pages that people look at: the page of one call, the day's index, their shared look and words."""
