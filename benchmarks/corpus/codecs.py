"""Codecs on the way of a call: sound goes through an encoder and its decoder and comes back at the same times.

Conventions
-----------
16 bit at 8 kHz, shape ``(samples,)``; what comes back has as many samples. The delay of each codec (``DELAYS``, in samples) is
taken out, so that an event stays where the truth has it. The delays are measured: a test finds them by cross-correlation.

References
----------
G.711 both laws by their formulas; GSM 06.10 by ``libgsm1``; Opus, MP3, AMR and G.726 by the encoders that PyAV brings.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import io
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt

from benchmarks.corpus.telephone import RATE_HZ, through_mulaw

Pcm: TypeAlias = npt.NDArray[np.int16]

DELAYS = {"opus": 1, "opus_low": 1, "amr": 40, "amr_low": 40}
"""Samples that a codec's round trip delays sound by, where it does."""
_GSM_FRAME, _GSM_BYTES = 160, 33


def through(name: str, pcm: Pcm) -> Pcm:
    """The sound after the codec, at the times it had before.

    Raises
    ------
    RuntimeError
        The library of the codec is not installed.
    """
    delay = DELAYS.get(name, 0)
    decoded = CODECS[name](np.pad(pcm, (0, delay)))[delay : delay + len(pcm)]
    return np.pad(decoded, (0, len(pcm) - len(decoded)))


def through_alaw(pcm: Pcm) -> Pcm:
    """Encode to G.711 A-law and back: 13 segments, no level of zero."""
    magnitude = np.where(pcm < 0, ~pcm, pcm).astype(np.int32) >> 3  # the law inverts the bits of what is negative
    exponent = np.where(magnitude < 64, 1, np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4)
    step = 1 << exponent
    decoded = ((magnitude // step) * step + step // 2) << 3
    companded: Pcm = np.where(pcm < 0, -decoded, decoded).astype(np.int16)
    return companded


def _through_gsm(pcm: Pcm) -> Pcm:
    try:
        gsm = ctypes.CDLL("libgsm.so.1")
    except OSError as error:
        raise RuntimeError("GSM needs the Debian package libgsm1") from error
    gsm.gsm_create.restype = ctypes.c_void_p
    for function in (gsm.gsm_encode, gsm.gsm_decode):
        function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    encoder, decoder = ctypes.c_void_p(gsm.gsm_create()), ctypes.c_void_p(gsm.gsm_create())
    coded = ctypes.create_string_buffer(_GSM_BYTES)
    source = np.ascontiguousarray(np.pad(pcm, (0, -len(pcm) % _GSM_FRAME)))
    decoded = np.zeros_like(source)
    for start in range(0, len(source), _GSM_FRAME):
        gsm.gsm_encode(encoder, source[start:].ctypes.data, coded)
        gsm.gsm_decode(decoder, coded, decoded[start:].ctypes.data)
    for handle in (encoder, decoder):
        gsm.gsm_destroy(handle)
    return decoded


def _through_container(codec: str, container: str, bit_rate: int, pcm: Pcm) -> Pcm:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(
            codec, rate=RATE_HZ, layout="mono", options={"application": "voip"} if codec == "libopus" else {}
        )
        assert isinstance(stream, av.AudioStream)  # narrows PyAV's union
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=RATE_HZ, frame_size=stream.codec_context.frame_size or 0
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as source:
        back = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        frames = [piece for frame in source.decode(source.streams.audio[0]) for piece in back.resample(frame)]
        return np.concatenate([piece.to_ndarray()[0] for piece in [*frames, *back.resample(None)]])


CODECS: dict[str, Callable[[Pcm], Pcm]] = {
    "mulaw": lambda pcm: through_mulaw(pcm / 32768.0),
    "alaw": through_alaw,
    "gsm": _through_gsm,
    "opus": partial(_through_container, "libopus", "ogg", 12_000),
    "opus_low": partial(_through_container, "libopus", "ogg", 8_000),
    "amr": partial(_through_container, "libopencore_amrnb", "amr", 12_200),
    "amr_low": partial(_through_container, "libopencore_amrnb", "amr", 5_900),
    "g726": partial(_through_container, "g726", "wav", 32_000),
    "mp3": partial(_through_container, "libmp3lame", "mp3", 32_000),
    "mp3_low": partial(_through_container, "libmp3lame", "mp3", 16_000),
}
"""How sound can be carried, by name."""
