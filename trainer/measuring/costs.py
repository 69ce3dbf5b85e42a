"""What a reconstruction costs: parameters, multiply-adds, milliseconds and peak memory."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from explorer.configurations import EncoderFor, Place, encode, layers_by_architecture
from explorer.decoders import Decoder

REPEATS = 7
MIB = 2**20
os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # the profiler would report every start on standard error


@torch.inference_mode()
def decoder_costs(decoder: Decoder, inputs: Any) -> dict[str, Any]:
    """Return the costs of drawing one photo from a decoder's inputs, a fusion's included.

    "parameters", "multiply_adds", "milliseconds" (median of 7 runs after one to warm up) and
    "peak_memory_mib" (activations, without the parameters). Milliseconds depend on the machine and on what
    else it does.
    """
    device = decoder.feature_mean.device
    return {
        "parameters": sum(p.numel() for p in decoder.parameters()),
        "multiply_adds": multiply_adds(lambda: decoder(inputs)),
        "milliseconds": round(milliseconds(lambda: decoder(inputs), device), 3),
        "peak_memory_mib": round(peak_memory(lambda: decoder(inputs), device) / MIB, 2),
    }


@torch.inference_mode()
def encoder_costs(
    places: Sequence[Place], weights: str, encoder_for: EncoderFor, photo01: torch.Tensor
) -> tuple[dict[Place, torch.Tensor], dict[str, Any]]:
    """Return the features of one photo (1, 3, H, W) at some places, and what they cost.

    "forward_passes" is how many encoders must run, "encoder_multiply_adds" and "encoder_milliseconds" (as of
    a decoder) are what they take.
    """

    def run() -> dict[Place, torch.Tensor]:
        return encode(encoder_for, weights, photo01, places)

    return run(), {
        "forward_passes": len(layers_by_architecture(places)),
        "encoder_multiply_adds": multiply_adds(run),
        "encoder_milliseconds": round(milliseconds(run, photo01.device), 3),
    }


def multiply_adds(run: Callable[[], Any]) -> int:
    """Return the multiply-adds of the matrix products, convolutions and attention in `run`."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() // 2


def milliseconds(run: Callable[[], Any], device: torch.device) -> float:
    """Return the median time of `run`."""
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[1:])


def peak_memory(run: Callable[[], Any], device: torch.device) -> int:
    """Return the bytes that `run` holds at its peak, beyond what was allocated before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        run()
    held = peak = 0
    for event in sorted(recorded.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak
