import subprocess
import sys

import pytest
import torch

from postcall.speech import torchaudio_import


def test_torchaudio_works_beside_this_torch() -> None:
    """In a process of its own: importing is a matter of what was imported before."""
    code = (
        "from postcall.speech import torchaudio_import\n"
        "torchaudio_import.prepare()\n"
        "import torch, torchaudio\n"
        "sound = torch.sin(torch.arange(16000) * 0.1)[None]\n"
        "print(tuple(torchaudio.functional.resample(sound, 16000, 8000).shape))\n"
        "print(torchaudio.compliance.kaldi.fbank(sound, num_mel_bins=80).shape[1])\n"
        "print(torchaudio.transforms.MFCC(16000)(sound).shape[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == ["(1, 8000)", "80", "40"]


def test_it_does_nothing_where_torch_has_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] != "torchaudio"}
    monkeypatch.setattr(sys, "modules", modules)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    torchaudio_import.prepare()
    assert torchaudio_import._EXTENSION not in modules
    monkeypatch.setattr(torch.version, "cuda", None)
    torchaudio_import.prepare()
    assert torchaudio_import._EXTENSION in modules


def test_what_needs_the_extension_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] != "torchaudio"}
    monkeypatch.setattr(sys, "modules", modules)
    monkeypatch.setattr(torch.version, "cuda", None)
    torchaudio_import.prepare()

    @modules[torchaudio_import._EXTENSION].fail_if_no_align
    def forced_align() -> None: ...

    with pytest.raises(RuntimeError, match="forced_align needs its compiled extension"):
        forced_align()
