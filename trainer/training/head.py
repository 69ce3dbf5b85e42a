"""One decoder in training: its optimiser, schedule and guard, and what is kept of it."""

import copy
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from explorer.checkpoints.files import Header, build_decoder, fingerprint_of, save_checkpoint
from explorer.configurations import AnyConfiguration, EncoderFor, Place, before_it
from explorer.decoders import decoder_spec
from explorer.errors import UserError
from explorer.measures.pixels import mse, psnr_of_mse
from trainer.recipe import Recipe, autocast
from trainer.training.batches import Batch, Features
from trainer.training.losses import compared, encoded_again, reconstruction_loss
from trainer.training.processes import Processes

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """The part of a decoder's training state that is not tensors; stored as JSON."""

    best_loss: float = math.inf
    validations_without_progress: int = 0
    rate_scale: float = 1.0
    stopped: str = ""
    history: list[dict[str, float]] = field(default_factory=list)


class Head:
    """One decoder in training."""

    def __init__(
        self,
        configuration: AnyConfiguration,
        recipe: Recipe,
        processes: Processes,
        encoder_for: EncoderFor | None = None,
    ):
        self.configuration = configuration
        self.compared = compared(configuration)
        self.before = before_it(configuration).sources[0] if recipe.start == "before" else None
        if self.before and not self.compared:
            raise UserError("--start before goes with --loss features.")
        self.encoder_for = encoder_for
        self.recipe = recipe
        self.processes = processes
        torch.manual_seed(recipe.seed)
        self.decoder = build_decoder(configuration, recipe.start).to(
            processes.device, memory_format=torch.channels_last
        )
        self.kept = copy.deepcopy(self.decoder).requires_grad_(False) if recipe.ema else self.decoder
        self.peak_rate = recipe.learning_rate or decoder_spec(configuration.decoder).learning_rate
        self.optimizer = torch.optim.Adam(self.decoder.parameters(), lr=self.peak_rate)
        self.progress = Progress()
        self.last_loss = math.nan
        self.started_from = ""

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def places(self) -> tuple[Place, ...]:
        """The layers whose features it learns from: its sources, and what its loss compares or it guesses."""
        guesses_alone = self.before and not self.recipe.pictures
        return (*self.configuration.sources, *([self.before] if guesses_alone else self.compared))

    @property
    def running(self) -> bool:
        return not self.progress.stopped

    def standardise(self, statistics: Mapping[Place, tuple[Tensor, Tensor]]) -> None:
        """Give the decoder the mean and standard deviation a channel of each of its sources."""
        means, stds = zip(*(statistics[place] for place in self.configuration.sources), strict=True)
        for decoder in {self.decoder, self.kept}:
            decoder.set_statistics(torch.cat(means), torch.cat(stds))

    @torch.no_grad()
    def reconstruct(self, features: Features, side: int) -> Tensor:
        """Return the decoder's pictures (N, 3, side, side) in [0, 1], as they will be once it is trained."""
        self.kept.eval()
        photos01 = self.kept(self.configuration.inputs(features), side)
        self.kept.train()
        return photos01

    def step(self, step: int, features: Features, photos01: Tensor) -> None:
        """Take one optimiser step. A loss that is not finite stops this head and leaves its weights alone."""
        self.optimizer.param_groups[0]["lr"] = self._rate(step)
        loss = self.loss_of_step(step, features, photos01)
        self.last_loss = self.processes.mean(loss.detach()).item()
        if not math.isfinite(self.last_loss):
            self.progress.stopped = f"the loss became {self.last_loss} at step {step}"
            log.warning("%s stopped: %s; its best checkpoint is kept", self.name, self.progress.stopped)
            return
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.processes.average_gradients(self.decoder)
        if self.recipe.gradient_clip:
            clip_grad_norm_(self.decoder.parameters(), self.recipe.gradient_clip)
        self.optimizer.step()
        if self.recipe.ema:
            self.average(self._decay(step))

    def loss_of_step(self, step: int, features: Features, photos01: Tensor) -> Tensor:
        """Return what one step descends on: the loss of its pictures; for a cascade the error of its guess,
        and that loss as far as the recipe weighs it.
        """
        inputs = self.configuration.inputs(features)
        error, weight = 0.0, 1.0
        with autocast(self.recipe.precision, self.processes.device):
            if self.before:
                error = self.decoder.guess_error(inputs, features[self.before], photos01)
                weight = self.recipe.pictures
            if not weight:
                return error
            drawn = self.decoder.draw(inputs, photos01.shape[-1])
        return error + weight * self.loss(drawn.float(), photos01, features, self.recipe.window(step))

    def loss(
        self, drawn: Tensor, photos01: Tensor, features: Features, window: tuple[slice, slice] | None = None
    ) -> Tensor:
        """Return the loss of pictures (N, 3, side, side) whose photos have these features."""
        configuration = self.configuration
        with autocast(self.recipe.precision, self.processes.device):
            seen = encoded_again(drawn, self.compared, self.encoder_for, configuration.weights)
            return reconstruction_loss(configuration.loss, drawn, photos01, window, seen, features)

    @torch.no_grad()
    def average(self, decay: float) -> None:
        """Move what is kept of the decoder towards what it now is."""
        for kept, now in zip(
            self.kept.state_dict().values(), self.decoder.state_dict().values(), strict=True
        ):
            if now.is_floating_point():
                kept.lerp_(now, 1 - decay)
            else:
                kept.copy_(now)

    def _decay(self, step: int) -> float:
        """Return what the average keeps of itself: soon little of an untrained start, but all that the recipe
        says of a decoder that goes on from its own checkpoint.
        """
        goes_on = self.started_from.startswith(f"{self.name} ")
        return self.recipe.ema if goes_on else min(self.recipe.ema, (1 + step) / (10 + step))

    def _rate(self, step: int) -> float:
        if self.recipe.schedule == "one_cycle":
            return self.recipe.one_cycle_rate(step, self.peak_rate)
        return self.progress.rate_scale * self.peak_rate

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Return {"loss", "psnr"} over batches, as means over photos."""
        losses, decibels = [], []
        for features, photos01 in batches:
            photos = self.reconstruct(features, photos01.shape[-1])
            losses.append(self.loss(photos, photos01, features).item() * len(photos))
            decibels += [psnr_of_mse(error) for error in mse(photos, photos01).tolist()]
        return {"loss": sum(losses) / len(decibels), "psnr": sum(decibels) / len(decibels)}

    def record(self, step: int, validation: dict[str, float]) -> bool:
        """Note a validation, adjust rate and early stopping; return whether it is the best so far."""
        recipe, progress = self.recipe, self.progress
        progress.history.append({"step": step, "train_loss": self.last_loss} | validation)
        if validation["loss"] < progress.best_loss:
            progress.best_loss = validation["loss"]
            progress.validations_without_progress = 0
            return True
        progress.validations_without_progress += 1
        if (
            recipe.schedule == "plateau"
            and progress.validations_without_progress % recipe.plateau_patience == 0
        ):
            progress.rate_scale *= recipe.plateau_factor
        if recipe.stop_patience and progress.validations_without_progress >= recipe.stop_patience:
            progress.stopped = f"no progress in {recipe.stop_patience} validations at step {step}"
            log.info("%s stopped early: %s", self.name, progress.stopped)
        return False

    def save(self, folder: Path, encoder_for: EncoderFor, data: dict[str, Any]) -> Path:
        """Write the checkpoint of the decoder as it is at the last validation; return its path.

        `data` says what photos it has seen.
        """
        validated = self.progress.history[-1]
        header = Header(
            configuration=self.configuration,
            fingerprint=fingerprint_of(self.configuration, encoder_for),
            recipe=self.recipe.for_checkpoint(self.configuration) | {"started_from": self.started_from},
            data=data,
            metrics={
                "step": validated["step"],
                "val_loss": validated["loss"],
                "val_psnr": validated["psnr"],
            },
            parameters=sum(p.numel() for p in self.decoder.parameters()),
        )
        return save_checkpoint(folder, self.kept, header)
