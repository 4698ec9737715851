"""The domain of post-call analytics: calls, spans, turns, tables as metadata, analyzers. No orchestrator, no disk."""

from postcall.privacy import forbid_telemetry

forbid_telemetry()
