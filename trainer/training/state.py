"""The state file of a run: what resuming needs. Tensors and JSON, no pickle, replaced whole.

A digest of all of it tells a file that a disk or a copy damaged, which would be trained on in silence.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from explorer.checkpoints.files import write_safetensors
from explorer.errors import UserError
from trainer.training.head import Head, Progress

FORMAT = 2


class DamagedState(UserError):
    """A state file that nothing can be resumed from; the message names it and says what to do."""


def save_state(path: Path, step: int, identity: Mapping[str, Any], heads: Sequence[Head]) -> None:
    """Write decoders, optimisers and progress after `step` steps; `identity` tells this run from others."""
    tensors = {f"{head.name}/{name}": t for head in heads for name, t in head_tensors(head).items()}
    progress = {head.name: asdict(head.progress) for head in heads}
    started_from = {head.name: head.started_from for head in heads}
    metadata = {"format": FORMAT, "step": step, "identity": identity}
    text = json.dumps(metadata | {"progress": progress, "started_from": started_from})
    write_safetensors(path, tensors, {"training": text, "digest": digest(text, tensors)})


def load_state(path: Path, identity: Mapping[str, Any], heads: Sequence[Head], device: torch.device) -> int:
    """Give the heads of a stopped run back what they had and return the step it stopped after.

    Raises UserError when there is none, or when it was another run's, and DamagedState for a file that is not
    what was written, or that another version of this program wrote.
    """
    if not path.exists():
        raise UserError(f"Nothing to resume in {str(path.parent)!r}: start without --resume.")
    metadata, tensors = read_state(path, device)
    other_version = DamagedState(
        f"{path.name} is of another version of this program: start without --resume."
    )
    if metadata["format"] != FORMAT:
        raise other_version
    if metadata["identity"] != identity:
        raise UserError(
            f"{path.name} belongs to a run with another recipe, decoders or photos: "
            "use the same arguments to resume it, or another --out."
        )
    try:
        for head in heads:
            load_head(head, below(f"{head.name}/", tensors))
            head.progress = Progress(**metadata["progress"][head.name])
            head.started_from = metadata["started_from"][head.name]
    except (RuntimeError, TypeError) as error:  # its decoder or progress is made of other parts
        raise other_version from error
    return metadata["step"]


def read_state(path: Path, device: torch.device) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return what a state file says and its tensors, as they were written. Raises DamagedState."""
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            written = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        if written["digest"] != digest(written["training"], tensors):
            raise ValueError("its digest is of something else")
        return json.loads(written["training"]), tensors
    except PermissionError:
        raise
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise DamagedState(f"{path.name} is damaged: start without --resume.") from error


def digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a text and of tensors with their names, types and shapes."""
    sha = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return sha.hexdigest()


def head_tensors(head: Head) -> dict[str, Tensor]:
    """Return the tensors of a decoder and its optimiser."""
    state = {f"decoder/{name}": tensor for name, tensor in head.decoder.state_dict().items()}
    if head.kept is not head.decoder:
        state |= {f"kept/{name}": tensor for name, tensor in head.kept.state_dict().items()}
    for index, slots in head.optimizer.state_dict()["state"].items():
        state |= {f"optimizer/{index}/{slot}": value for slot, value in slots.items()}
    return state


def load_head(head: Head, state: Mapping[str, Tensor]) -> None:
    """Give a decoder and its optimiser what `head_tensors` returned."""
    head.decoder.load_state_dict(below("decoder/", state))
    if head.kept is not head.decoder:
        head.kept.load_state_dict(below("kept/", state))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in below("optimizer/", state).items():
        index, slot = name.split("/")
        slots.setdefault(int(index), {})[slot] = tensor
    groups = head.optimizer.state_dict()["param_groups"]
    head.optimizer.load_state_dict({"state": slots, "param_groups": groups})


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix`, under the rest of their names."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
