"""For authors of analyzers: calls from a drawing, scripted engines, the conformance suite."""
