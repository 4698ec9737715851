"""How a night and its tables grow: with calls, with workers, with years of days."""
