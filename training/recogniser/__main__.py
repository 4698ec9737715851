"""``python -m training.recogniser``: make speech, train in four stages, export. ``training/README.md`` tells how."""

from __future__ import annotations

import argparse
import logging
import math
from dataclasses import replace
from pathlib import Path
from random import Random

import torch

from training.recogniser import shards, strips, text, vocabulary
from training.recogniser.export import export, restore
from training.recogniser.train import STAGES, train

_TEXTS_PER_LANGUAGE = 40_000


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(prog="python -m training.recogniser", description=__doc__)
    parser.add_argument("work", type=Path, help="folder for speech, vocabulary and checkpoints")
    steps = parser.add_subparsers(dest="step", required=True)
    speech = steps.add_parser("speech", help="make shards of synthetic speech; those that are there stay")
    speech.add_argument("--shards", type=int, default=160, help="of about half an hour")
    speech.add_argument("--jobs", type=int, default=2)
    speech.add_argument("--seed", default="speech")
    speech.add_argument("--phrases", type=int, default=1200, help="that each slow voice says once, to be used again and again")
    for stage in STAGES:
        one = steps.add_parser(stage, help=f"train the stage '{stage}', from its checkpoint if there is one")
        one.add_argument("--steps", type=int, default=1_000_000)
        one.add_argument("--minutes", type=float, default=math.inf, help="after which the stage ends whatever its steps")
        one.add_argument("--device", default="cpu", help="cpu, or cuda")
        one.add_argument("--threads", type=int, default=2)
        one.add_argument("--number", type=int, default=0, help="of this process, when several train the stage together")
        one.add_argument("--frames", type=int, help="longest window, in mel frames of 10 ms, instead of the stage's own")
        one.add_argument("--rate", type=float, help="highest learning rate, instead of the stage's own")
        one.add_argument("--batch", type=int, help="windows a step, instead of the stage's own")
    out = steps.add_parser("export", help="write the model folder")
    out.add_argument("folder", type=Path)
    out.add_argument("--stage", choices=["decoder", "together", "whole"], default="whole")
    back = steps.add_parser("restore", help="make the checkpoint of a stage from a model folder, to train on")
    back.add_argument("folder", type=Path)
    back.add_argument("--stage", choices=["together", "whole"], default="together")
    back.add_argument("--layers", type=int, help="of the encoder, if more than the shipped model has")
    arguments = parser.parse_args()
    logging.getLogger("jieba").setLevel(logging.WARNING)
    work: Path = arguments.work
    if arguments.step == "speech":
        _vocabulary(work)
        strips.record_slow(work / "phrases", arguments.phrases, "phrases")
        folder, tokenizer = work / "speech", work / "tokenizer.json"
        shards.write_all(folder, arguments.shards, arguments.seed, tokenizer, work / "phrases", arguments.jobs)
        return
    if arguments.step == "restore":
        work.mkdir(parents=True, exist_ok=True)
        vocabulary.load(arguments.folder / "tokenizer.json").save(work / "tokenizer.json")
        restore(arguments.folder, work / f"{arguments.stage}.pt", arguments.layers)
        return
    words = _vocabulary(work)
    if arguments.step == "export":
        export(work / f"{arguments.stage}.pt", words, arguments.folder)
        return
    torch.set_num_threads(arguments.threads)
    torch.set_float32_matmul_precision("high")  # what is not in 16 bit, on a GPU; a CPU takes no notice
    order = list(STAGES)
    before = order[order.index(arguments.step) - 1] if arguments.step != order[0] else None
    stage = STAGES[arguments.step]
    asked = {name: getattr(arguments, name) for name in ("frames", "batch", "rate")}
    stage = replace(stage, **{name: value for name, value in asked.items() if value is not None})
    start = work / f"{before}.pt" if before else None
    train(stage, work, [work / "speech"], words, arguments.steps, start, arguments.number, arguments.device, arguments.minutes)


def _vocabulary(work: Path) -> vocabulary.Vocabulary:
    path = work / "tokenizer.json"
    if not path.exists():
        rng = Random(1)
        work.mkdir(parents=True, exist_ok=True)
        vocabulary.learn(
            [(language, text.utterance(language, rng)) for language in text.LANGUAGES for _ in range(_TEXTS_PER_LANGUAGE)]
        ).save(path)
    return vocabulary.load(path)


if __name__ == "__main__":
    main()
