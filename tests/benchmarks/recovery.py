"""Recovery by descending on the pixels beside the trained decoders: `python -m tests.benchmarks.recovery`.

On VGG16 block1 its PSNR beside that of the best decoder of each example photo, on block5 its relative feature
error beside the smallest one of all decoders. `--seconds` is what one search may take.
"""

import argparse
from collections import deque
from pathlib import Path

from explorer import Explorer
from explorer.experiments.settings import Settings
from explorer.reconstruction import Reconstruction
from tests.conftest import EXAMPLES

MANY_STEPS = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    explorer = Explorer()
    settings = Settings(steps=MANY_STEPS, seconds=options.seconds)
    for path in sorted(EXAMPLES.glob("*.jpg")):
        best = max(trained(explorer, path, "block1"), key=lambda found: found.metrics.psnr)
        [found] = deque(explorer.recover(path, layer="block1", settings=settings), maxlen=1)
        print(
            f"{path.stem} block1: {found.result.metrics.psnr:.2f} dB after {found.seconds:.0f} s, "
            f"best decoder {best.metrics.psnr:.2f} dB ({best.configuration.name})",
            flush=True,
        )
    for path in sorted(EXAMPLES.glob("*.jpg")):
        errors = [explorer.agreement(found).errors["block5"] for found in trained(explorer, path, "block5")]
        [found] = deque(explorer.recover(path, layer="block5", settings=settings), maxlen=1)
        mine = explorer.agreement(found.result).errors["block5"]
        psnr = found.result.metrics.psnr
        print(
            f"{path.stem} block5: relative feature error {mine:.3f} ({psnr:.2f} dB) after "
            f"{found.seconds:.0f} s, decoders {min(errors):.3f} to {max(errors):.3f}",
            flush=True,
        )


def trained(explorer: Explorer, path: Path, layer: str) -> list[Reconstruction]:
    """Return the reconstructions of a photo by all decoders of a layer of VGG16 that are ready."""
    ready = explorer.catalogue().single
    chosen = [c for c in ready if (c.architecture, c.layer, c.weights) == ("vgg16", layer, "imagenet")]
    return [explorer.reconstruct(path, configuration) for configuration in chosen]


if __name__ == "__main__":
    main()
