"""Recognisers, diarizers and voice activity models: the only place that imports them."""
