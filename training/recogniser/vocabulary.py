"""What the recogniser writes (tokens) and what its encoder is taught to hear (sounds).

Conventions
-----------
Tokens are byte-level BPE as Whisper's: the 256 bytes; pieces of Russian and English words; frequent Chinese characters, one
token each; the empty string; the special tokens; 1,501 time stamps of 0.02 s, last.

Sounds are the letters of Russian, eSpeak's phonemes of English without stress (letters of English say too little about what is
heard), the letters of Pinyin with the tone as a digit, and a blank between Russian and English words; each language has numbers
of its own. 0 is "nothing new" of connectionist temporal classification.

Edge cases
----------
CTranslate2 calls a model multilingual when its vocabulary holds the empty string (``whisper.cc``). faster-whisper never lets a
model say the first token of " -", " '" and " ♪": each of them is a token of its own, or no word could begin with a bare blank.
"""

from __future__ import annotations

import ctypes
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import pypinyin
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.corpus.voices import initialised_espeak
from training.recogniser.text import LANGUAGES

PIECES = 1_500
"""Pieces of Russian and English words, the 256 bytes not counted."""
CHARACTERS = 2_200
"""Chinese characters with a token of their own."""
STAMP_MS = 20
STAMPS = 1501
STAMPS_PER_STATE = 2

_RETRIEVAL, _UTF8 = 1, 1  # of eSpeak's speak_lib.h

_SPECIAL = (
    *("endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe", "startoflm", "startofprev", "nospeech"),
    "notimestamps",
)
_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_PHONEMES = (
    "p b t d k g f v T D s z S Z h tS dZ m n N l r w j "
    "i: I E a 0 V U u: 3: @ 3 A: O: eI aI OI aU oU e@ i i@ U@ aI@ aU@ O@ A@ aa o@"
).split()
_PINYIN = "abcdefghijklmnopqrstuvwxyz12345"
BLANK = 1 + len(_LETTERS)
_SOUNDS = {letter: 1 + index for index, letter in enumerate(_LETTERS)}
_PHONEME_SOUNDS = {phoneme: 1 + BLANK + index for index, phoneme in enumerate(_PHONEMES)}
_PINYIN_SOUNDS = {letter: 1 + BLANK + len(_PHONEMES) + index for index, letter in enumerate(_PINYIN)}
SOUNDS = 1 + BLANK + len(_PHONEMES) + len(_PINYIN)
_SAME_PHONEME = {"I2": "I", "a#": "@", "@-": "@", "r-": "r", "n-": "n", "o": "oU", "O": "O:"}
"""eSpeak's finer marks for what sounds the same."""


def sounds_of(words: Sequence[str], language: str) -> list[list[int]]:
    """Sounds of each word of an utterance; a blank follows each but the last, in Chinese none.

    Raises
    ------
    ValueError
        Chinese cannot be spelled character by character.
    """
    if language == "zh":
        spelled = pypinyin.lazy_pinyin("".join(words), style=pypinyin.Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
        if len(spelled) == len(words):
            return [[_PINYIN_SOUNDS[letter] for letter in syllable if letter in _PINYIN_SOUNDS] for syllable in spelled]
        raise ValueError(f"{len(spelled)} syllables for {len(words)} characters")
    if language == "en":
        sounds = [list(_said(word)) for word in words]
    else:
        sounds = [[_SOUNDS[letter] for letter in word if letter in _SOUNDS] for word in words]
    return [[*word, BLANK] for word in sounds[:-1]] + sounds[-1:]


@lru_cache(maxsize=100_000)
def _said(word: str) -> tuple[int, ...]:
    """Phonemes of an English word, as eSpeak says it alone."""
    text = ctypes.c_char_p(word.encode())
    said = _espeak().espeak_TextToPhonemes(ctypes.byref(text), _UTF8, ord("_") << 8)
    phonemes: list[int] = []
    for mark in re.split(r"[_ ]", said.decode()):
        phoneme = re.sub(r"[',%=;|!]", "", mark)
        phoneme = _SAME_PHONEME.get(phoneme, phoneme)
        # "i::" and the like: dragged out; "@L": a syllable of its own.
        known = [phoneme] if phoneme in _PHONEME_SOUNDS else ["@", "l"] if phoneme == "@L" else [phoneme.replace("::", ":")]
        phonemes += [_PHONEME_SOUNDS[name] for name in known if name in _PHONEME_SOUNDS]
    return tuple(phonemes)


@lru_cache(maxsize=1)
def _espeak() -> ctypes.CDLL:
    library = ctypes.CDLL("libespeak-ng.so.1")
    # To initialise it again in a process that has spoken with it never ends.
    if not initialised_espeak.cache_info().currsize:
        library.espeak_Initialize(_RETRIEVAL, 0, None, 0)
    library.espeak_SetVoiceByName(b"en")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of the recogniser."""

    tokenizer: Tokenizer

    @cached_property
    def size(self) -> int:
        """Number of tokens, time stamps among them."""
        return int(self.tokenizer.get_vocab_size())

    def special(self, name: str) -> int:
        """Number of ``<|name|>``."""
        return int(self.tokenizer.token_to_id(f"<|{name}|>"))

    def stamp(self, ms: int) -> int:
        """Time stamp nearest to a time in a window."""
        return self.special("notimestamps") + 1 + min(max(round(ms / STAMP_MS), 0), STAMPS - 1)

    def tokens(self, words: Sequence[tuple[str, int, int]], language: str) -> list[tuple[int, int, int]]:
        """Tokens of an utterance, each with its start and end in ms, by its share of the word's letters."""
        blank = "" if language == "zh" else " "
        text, letters = "", list[tuple[float, float]]()
        for word, start, end in words:
            step = (end - start) / max(len(word), 1)
            letters += [(start, start)] * len(blank) + [(start + i * step, start + (i + 1) * step) for i in range(len(word))]
            text += blank + word
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        return [
            (token, round(letters[first][0]), round(letters[max(last - 1, first)][1]))
            for token, (first, last) in zip(encoded.ids, encoded.offsets, strict=True)
        ]

    def sounds(self) -> list[tuple[int, ...]]:
        """Sounds of each token by itself; none of those that are no text, or a part of a character."""
        found: list[tuple[int, ...]] = []
        for token in range(self.size):
            text = self.tokenizer.decode([token], skip_special_tokens=True).strip()
            if token >= self.special("notimestamps") or "\ufffd" in text:
                found.append(())
            elif re.fullmatch(r"[\u4e00-\u9fff]", text):
                found.append(tuple(sounds_of([text], "zh")[0]))
            else:
                language = "en" if re.search(r"[a-z]", text) else "ru"
                found.append(tuple(sound for word in sounds_of(text.split(), language) for sound in word))
        return found

    def save(self, path: Path) -> None:
        """Write it as ``tokenizer.json``."""
        self.tokenizer.save(str(path))


def load(path: Path) -> Vocabulary:
    """Read a ``tokenizer.json``."""
    return Vocabulary(Tokenizer.from_file(str(path)))


def learn(texts: Iterable[tuple[str, str]]) -> Vocabulary:
    """Make a vocabulary that suits texts, given as ``(language, text)``."""
    pairs = list(texts)
    characters = Counter(character for language, text in pairs if language == "zh" for character in text)
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + PIECES, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    words.train_from_iterator((" " + text for language, text in pairs if language != "zh"), trainer)
    vocabulary = {piece: index for index, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("Ġ", "-"), ("Ġ", "'"), ("Ġ", _in_bytes("♪")[0])]
    merges += _merges(words)
    for character, _ in characters.most_common(CHARACTERS):
        first, second, third = _in_bytes(character)
        merges += [(first, second), (first + second, third)]
    merges = list(dict.fromkeys(merges))
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    vocabulary[""] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True, normalized=False) for name in _SPECIAL])
    tokenizer.add_tokens([AddedToken(f"<|{step * 0.02:.2f}|>", normalized=False) for step in range(STAMPS)])
    return Vocabulary(tokenizer)


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    found = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(left, right) for left, right in found]


def _in_bytes(text: str) -> str:
    """A text as the vocabulary spells it: one visible character per byte."""
    return "".join(
        piece for piece, _ in pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    )
