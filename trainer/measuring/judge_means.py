"""What judges see in photos on average: their similarity is of features less this mean."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from explorer.atomic_write import whole_file
from explorer.encoders.frozen import FrozenEncoder
from explorer.measures.judges import JUDGES, MEANS
from trainer.data.photos import PhotoSet


def write_judge_means(photos: PhotoSet, folder: Path, device: str | torch.device = "cpu") -> Path:
    """Write the mean features, (C, H, W) in fp16, of each of JUDGES over photos; return the file."""
    crops01 = photos.centre_crops()
    means = {"/".join(place): _mean(place, crops01, device) for place in tqdm(JUDGES, unit="judge")}
    path = folder / "encoders" / f"{MEANS}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        save_file(means, part)
    return path


def _mean(place: Sequence[str], crops01: torch.Tensor, device: str | torch.device) -> torch.Tensor:
    architecture, layer = place
    encoder = FrozenEncoder(architecture, "imagenet", device)
    total = sum(encoder(batch01, [layer])[layer].sum(dim=0) for batch01 in crops01.split(8))
    return (total / len(crops01)).half().cpu().contiguous()
