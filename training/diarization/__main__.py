"""``python -m training.diarization``: make mixes, train two nets, write, tune and measure the pipeline."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import torch

from training.diarization import embedding, export, mixes, segmentation, tuning

_STEPS = ("mixes", "segmentation", "embedding", "export", "evaluate")
_OUT = Path("postcall/speech/models/diarization")


def main() -> None:
    """Run one step, or all of them in order."""
    parser = argparse.ArgumentParser(prog="python -m training.diarization", description=__doc__)
    parser.add_argument("work", type=Path, help="folder for mixes, voices and checkpoints")
    parser.add_argument("step", choices=(*_STEPS, "all"))
    parser.add_argument("--mixes", type=int, default=450, help="to train on, of about a minute")
    parser.add_argument("--jobs", type=int, default=2, help="processes that make mixes and voices")
    parser.add_argument("--segmentation-steps", type=int, default=2000)
    parser.add_argument("--embedding-steps", type=int, default=500)
    parser.add_argument("--start", type=Path, help="folder of a pipeline to go on from, where there is no checkpoint")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_OUT, help="folder of the pipeline")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for name in ("jieba", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    for step in _STEPS if arguments.step == "all" else (arguments.step,):
        _run(step, arguments)


def _run(step: str, arguments: argparse.Namespace) -> None:
    work: Path = arguments.work
    evaluation = {False: work / "evaluation" / "trained", True: work / "evaluation" / "held_out"}
    if step == "mixes":
        mixes.write_all(work / "dev", 40, "dev", jobs=arguments.jobs)
        mixes.write_all(work / "train", arguments.mixes, "train", jobs=arguments.jobs)
        for is_held_out, folder in evaluation.items():
            mixes.write_all(folder, 20, "evaluation", is_held_out=is_held_out, speakers=2, jobs=arguments.jobs)
    elif step == "segmentation":
        segmentation.train(work, arguments.segmentation_steps, start=arguments.start and arguments.start / "segmentation")
    elif step == "embedding":
        embedding.write_voices(work / "voices", arguments.jobs)
        embedding.train(work, arguments.embedding_steps, start=arguments.start and arguments.start / "embedding")
    elif step == "export":
        export.export(work, arguments.out)
        export.configure(arguments.out, tuning.tuned(arguments.out, tuning.recordings(work / "dev")))
    else:
        pipeline = export.load(arguments.out)
        for folder in evaluation.values():
            files = tuning.recordings(folder)
            print(f"{folder.name} voices, told that two speak: {tuning.measure(pipeline, files, num_speakers=2)}")
            print(f"{folder.name} voices, one or two: {tuning.measure(pipeline, files, min_speakers=1, max_speakers=2)}")


if __name__ == "__main__":
    main()
