"""Any timm model as an architecture: its layers, input size and normalisation from timm's own tables.

An architecture called "timm:ID" is one; nothing of it is computed or downloaded before it is used.
"""

import difflib
import re
from functools import lru_cache
from pathlib import Path

import psutil
import torch

from explorer.encoders.libraries import load_timm
from explorer.encoders.networks import EncoderSpec, Layer, TimmModel
from explorer.errors import UserError, shortened
from explorer.limits import SWITCHES, allowed_timm

CGROUP = Path("/sys/fs/cgroup")
COPIES = 2  # of the weights in memory while they are loaded
SUGGESTIONS = 5
ID = re.compile(r"([a-z0-9_]{1,80})(?:\.([a-z0-9_]{0,80}))?", re.ASCII)  # as all of timm's are: model.tag


def timm_ids() -> list[str]:
    """Return the ids of all installed timm models."""
    return load_timm().list_models()


def timm_id(given: str) -> str:
    """Return the one way to write a model's id: without the tag that timm takes if none is given.

    Raises UserError for what is no id, and for a model that is not allowed here.
    """
    found = ID.fullmatch(given.strip().lower())
    if not found:
        raise UserError(
            f"{shortened(given)!r} is no id of a timm model: use letters, digits and _, as in "
            "convnext_atto.d2_in1k."
        )
    model, tag = found.groups()
    allowed = allowed_timm()
    if allowed is not None and model not in (name.partition(".")[0] for name in allowed):
        choice = f" Choose one of {', '.join(allowed)}." if allowed else ""
        raise UserError(f"{SWITCHES['timm'].refusal}{choice}")
    return model if not tag or tag == _usual_tag(model) else f"{model}.{tag}"


@lru_cache(maxsize=256)
def _usual_tag(model: str) -> str | None:
    timm = load_timm()
    known = timm.get_pretrained_cfg(model) if timm.is_model(model) else None
    return known and known.tag


@lru_cache(maxsize=64)
def timm_spec(model_id: str) -> EncoderSpec:
    """Return the architecture of a timm model, by building it without memory for weights (0.1 to 5 s).

    The layers are those that timm's `forward_intermediates` gives: "block0", ... where all have one shape,
    as in a transformer, else "stage1", ... Raises UserError for an unknown id, with the nearest names, for a
    model that has no features by position, and for one that is too large for this machine's memory.
    """
    timm = load_timm()
    if not timm.is_model(model_id):
        near = difflib.get_close_matches(model_id, timm_ids(), SUGGESTIONS, cutoff=0.3)
        raise UserError(
            f"timm has no model {model_id!r}. "
            + (f"Near it: {', '.join(near)}." if near else "See timm's list.")
        )
    try:
        with torch.device("meta"), torch.no_grad():
            network = timm.create_model(model_id, pretrained=False).eval()
            config = network.pretrained_cfg
            photo = torch.empty(1, *config["input_size"])
            found = network.forward_intermediates(
                photo, norm=False, output_fmt="NCHW", intermediates_only=True
            )
        shapes = [tuple(features.shape[1:]) for features in found]
    except Exception as error:  # whatever a model of the library does that is not made for this
        raise UserError(
            f"{model_id} gives no features of its layers in timm ({type(error).__name__}), so nothing can be "
            "decoded. Choose another model."
        ) from error
    if any(len(shape) != 3 or shape[1] != shape[2] or shape[1] < 2 for shape in shapes) or not shapes:
        raise UserError(
            f"{model_id} has no features by position (its layers are {shapes}), so nothing can be decoded."
        )
    parameters = sum(p.numel() for p in network.parameters())
    check_memory(model_id, parameters)
    uniform = len(set(shapes)) == 1 and len(shapes) > 1
    names = [f"block{n}" if uniform else f"stage{n + 1}" for n in range(len(shapes))]
    return EncoderSpec(
        title=f"{model_id} (timm)",
        layers=tuple(Layer(n, channels, size) for n, (channels, size, _) in zip(names, shapes, strict=True)),
        network=TimmModel(model_id, tuple(range(len(shapes))), input_size=config["input_size"][-1]),
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        input_size=config["input_size"][-1],
        bundled=False,
        parameters=parameters,
    )


def check_memory(name: str, parameters: int) -> None:
    """Raise UserError when loading a network's parameters needs more memory than is free."""
    needed, free = 4 * COPIES * parameters, free_memory()
    if needed > free:
        raise UserError(
            f"{name} needs {needed / 1e9:.1f} GB of memory for its weights, and {free / 1e9:.1f} GB are free "
            "here. Choose a smaller model."
        )


def free_memory() -> int:
    """Return the free memory in bytes, within the limit of a container, which psutil does not know."""
    free = psutil.virtual_memory().available
    try:
        limit, used = (int((CGROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no limit
        return free
    return min(free, limit - used)
