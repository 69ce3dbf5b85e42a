"""Searches, on a GPU that is lent for one at a time where there is such a thing: ZeroGPU of the Hub's Spaces.

It runs what it lends for in a process of its own, so arguments and pictures are pickled on their way.
"""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from explorer.decoders import Decoder
from explorer.encoders.devices import lends_gpu
from explorer.experiments.inversion import Snapshot, Target, invert
from explorer.experiments.settings import Settings

GPU = "cuda"
MOST_SECONDS = 120  # of one loan


def invert_on_gpu(
    target: Target, settings: Settings, start01: Tensor | None = None, decoder: Decoder | None = None
) -> Iterator[Snapshot]:
    """Yield what `invert` does, from a GPU; what comes and goes is on the CPU."""
    there = Target(target.encoder.on(GPU), target.layer, target.features.to(GPU))
    start_there = None if start01 is None else start01.to(GPU)
    for snapshot in invert(there, settings, start_there, decoder and decoder.to(GPU)):
        yield replace(snapshot, photo01=snapshot.photo01.cpu())


def loan_seconds(target: Target, settings: Settings, *_: Tensor | Decoder | None) -> float:
    """Return for how long a search needs the GPU."""
    return min(settings.seconds or MOST_SECONDS, MOST_SECONDS)


search = invert
if lends_gpu():
    from spaces import GPU as lend

    search = lend(duration=loan_seconds)(invert_on_gpu)
