"""Training of a small diarization pipeline on synthetic calls.

Importing the package makes pyannote.audio importable beside any torch, and silent: no usage data, no hub.
"""

from __future__ import annotations

import logging
import os
import warnings

from postcall.speech import torchaudio_import

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
torchaudio_import.prepare()
warnings.filterwarnings("ignore", module="pyannote|torch|lightning")
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
