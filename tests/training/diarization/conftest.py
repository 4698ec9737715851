"""Makes pyannote.audio importable before a test module of this folder imports it."""

import training.diarization  # noqa: F401
