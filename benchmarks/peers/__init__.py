"""postcall beside other ways to have calls written down: the same calls, weights and beam.

`benchmarks.peer` is about something else: the peer that measures talk.
"""
