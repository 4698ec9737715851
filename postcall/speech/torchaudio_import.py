"""``import torchaudio`` beside a torch without CUDA.

The wheels of torchaudio on the package index are linked with CUDA. Beside a CPU build of torch their compiled extension cannot
be loaded; torchaudio takes that for a broken installation and refuses to be imported, and pyannote.audio with it. What
pyannote.audio needs of torchaudio (filter banks, resampling) is written in torch alone: it works without the extension, as it
does where torchaudio was built without one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import torch

_EXTENSION = "torchaudio._extension"


def prepare() -> None:
    """Let torchaudio be imported without its extension where torch knows no CUDA; to be called before anything imports it.

    Does nothing where torch has CUDA (the extension loads there), where torchaudio is imported already, or is not installed.
    """
    if torch.version.cuda is not None or "torchaudio" in sys.modules or importlib.util.find_spec("torchaudio") is None:
        return
    stand_in = ModuleType(_EXTENSION, "Says that torchaudio has no extension.")
    vars(stand_in).update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_without_alignment)
    sys.modules[_EXTENSION] = stand_in


def _without_alignment(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    """In place of a function that needs the extension."""

    def fail(*args: object, **kwargs: object) -> NoReturn:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its compiled extension, which this torch cannot load")

    return fail
