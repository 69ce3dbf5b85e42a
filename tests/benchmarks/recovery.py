"""Searches at deep layers: `python -m tests.benchmarks.recovery --photos FOLDER --markdown FILE`.

What descending on weights makes of photos in so many seconds, beside what the layer's decoder for mse, its
decoder for features and the blur of its grid give for the same photos. Means over the first photos of the
folder (FOLDER/*.jpg, sorted), which no search was set up with. Nothing else should run on the machine.
"""

import argparse
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from explorer import Explorer
from explorer.configurations import OPTIMISATION, Configuration
from explorer.drawing import judged, measured
from explorer.encoders.table import encoder_spec
from explorer.experiments.settings import MANY_STEPS
from explorer.measures.baselines import blur
from explorer.measures.metrics import METRICS, Metrics
from explorer.photos.photo import Photo
from explorer.recovering import suited
from tests.benchmarks.tables import machine, write_between_marks

SEARCHES = [  # architecture, layer, prior ("": the layer's usual one), seconds
    ("alexnet", "conv5", "", 60),
    ("dinov2_small", "block11", "", 60),
    ("vgg16", "block4", "decoder", 60),
    ("vgg16", "block4", "network", 60),
    ("efficientnet_lite0", "stage5", "", 120),
    ("vgg16", "block5", "", 120),
]
FIGURES = ("psnr", "lpips", "feature_error", "similarity", "weave")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of JPEG files")
    parser.add_argument("--count", type=int, default=4, help="how many of them")
    parser.add_argument("--markdown", type=Path, help="put the table between its marks in this file")
    options = parser.parse_args()
    explorer = Explorer()
    photos = [explorer.photo(path) for path in sorted(options.photos.glob("*.jpg"))[: options.count]]
    head = ["layer", "picture", *(METRICS[name].name for name in FIGURES)]
    lines = [f"{len(photos)} photos, {machine()}.", "", f"| {' | '.join(head)} |"]
    lines.append("| --- | --- |" + " ---: |" * len(FIGURES))
    for search in SEARCHES:
        for line in rows(explorer, photos, *search):
            if line not in lines:  # two searches at one layer stand below the same decoders
                lines.append(line)
                print(line, flush=True)
    if options.markdown:
        write_between_marks(options.markdown, "recovery", "\n".join(lines))


def rows(
    explorer: Explorer, photos: Sequence[Photo], architecture: str, layer: str, prior: str, seconds: float
) -> Iterator[str]:
    """Yield the table's lines of one search: what is drawn without it, and where it ended."""
    engine = explorer.engine
    asked = Configuration(architecture, layer, OPTIMISATION, "features")
    for decoder, loss in (("pixel_shuffle", "mse"), ("upsample_conv", "features")):
        c = replace(asked, decoder=decoder, loss=loss)
        found = [judged(engine, explorer.reconstruct(photo, c)).metrics for photo in photos]
        yield row(asked, f"{decoder}, {loss}", found)
    size = encoder_spec(architecture).layer(layer).size
    blurred = [measured(engine, photo, [asked], blur(photo.photo01[None], size))[0] for photo in photos]
    yield row(asked, f"blur, {size}x{size} colours", [judged(engine, one).metrics for one in blurred])
    settings = replace(suited(engine, asked, prior), steps=MANY_STEPS, seconds=float(seconds))
    ends = [deque(explorer.recover(photo, asked, settings), maxlen=1)[0] for photo in photos]
    steps = round(fmean(end.steps for end in ends))
    name = f"**{settings.prior}, {seconds} s, {steps} steps**"
    yield row(asked, name, [end.result.metrics for end in ends])


def row(asked: Configuration, name: str, found: Sequence[Metrics]) -> str:
    means = {key: fmean(one[key] for one in found) for key in FIGURES}
    figures = " | ".join(f"{value:.{METRICS[key].digits}f}" for key, value in means.items())
    return f"| {asked.architecture} {asked.layer} | {name} | {figures} |"


if __name__ == "__main__":
    main()
