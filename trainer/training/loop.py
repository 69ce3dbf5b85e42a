"""Training: one frozen forward pass feeds every decoder; each has its own optimiser, schedule and guard."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from tqdm import tqdm

from explorer.checkpoints.catalogue import Catalogue
from explorer.checkpoints.files import (
    Header,
    build_decoder,
    fingerprint_of,
    load_decoder,
    read_header,
    save_checkpoint,
    write_safetensors,
)
from explorer.checkpoints.ridge import feature_statistics
from explorer.configurations import (
    AnyConfiguration,
    FusedConfiguration,
    Place,
    encode,
    layers_by_architecture,
)
from explorer.decoders import decoder_spec
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.folders import BUNDLED
from explorer.measures.pixels import mse, psnr_of_mse
from trainer.data.photos import PhotoSet
from trainer.data.views import FixedViews, fixed_views
from trainer.measuring.protocols import normalised_and_clipped
from trainer.recipe import Recipe
from trainer.training.logs import Logs
from trainer.training.losses import reconstruction_loss
from trainer.training.processes import Processes

STATISTICS_PHOTOS = 64
LOG_EVERY = 10
Features = Mapping[Place, Tensor]  # of one batch, (N, C, H, W) each
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

    def __init__(self, configuration: AnyConfiguration, recipe: Recipe, processes: Processes):
        self.configuration = configuration
        self.recipe = recipe
        self.processes = processes
        torch.manual_seed(recipe.seed)
        self.decoder = build_decoder(configuration, recipe.start).to(
            processes.device, memory_format=torch.channels_last
        )
        self.peak_rate = recipe.learning_rate or decoder_spec(configuration.decoder).learning_rate
        self.optimizer = torch.optim.Adam(self.decoder.parameters(), lr=self.peak_rate)
        self.progress = Progress()
        self.last_loss = math.nan
        self.started_from = ""

    @property
    def running(self) -> bool:
        return not self.progress.stopped

    def step(
        self, step: int, features: Features, photos01: Tensor, precision: AbstractContextManager
    ) -> None:
        """Take one optimiser step. A loss that is not finite stops this head and leaves its weights alone."""
        rate = self.progress.rate_scale * self.peak_rate
        if self.recipe.schedule == "one_cycle":
            rate = self.recipe.one_cycle_rate(step, self.peak_rate)
        self.optimizer.param_groups[0]["lr"] = rate
        with precision:
            drawn = self.decoder.draw(self.configuration.inputs(features), photos01.shape[-1])
        loss = reconstruction_loss(self.configuration.loss, drawn.float(), photos01, self.recipe.window(step))
        self.last_loss = self.processes.mean(loss.detach()).item()
        if not math.isfinite(self.last_loss):
            self.progress.stopped = f"the loss became {self.last_loss} at step {step}"
            log.warning(
                "%s stopped: %s; its best checkpoint is kept", self.configuration.name, self.progress.stopped
            )
            return
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.processes.average_gradients(self.decoder)
        self.optimizer.step()

    @torch.no_grad()
    def validate(self, batches: Iterable[tuple[Features, Tensor]]) -> dict[str, float]:
        """Return {"loss", "psnr"} over (features, photos01) batches, as means over photos."""
        self.decoder.eval()
        losses, decibels = [], []
        for features, photos01 in batches:
            photos = self.decoder(self.configuration.inputs(features), photos01.shape[-1])
            losses.append(reconstruction_loss(self.configuration.loss, photos, photos01).item() * len(photos))
            decibels += [psnr_of_mse(error) for error in mse(photos, photos01).tolist()]
        self.decoder.train()
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
            log.info("%s stopped early: %s", self.configuration.name, progress.stopped)
        return False

    def tensors(self) -> dict[str, Tensor]:
        """Return decoder and optimiser tensors for the state file."""
        state = {f"decoder/{name}": tensor for name, tensor in self.decoder.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            state |= {f"optimizer/{index}/{slot}": value for slot, value in slots.items()}
        return state

    def load_tensors(self, state: dict[str, Tensor]) -> None:
        decoder = {
            name.removeprefix("decoder/"): t for name, t in state.items() if name.startswith("decoder/")
        }
        self.decoder.load_state_dict(decoder)
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.items():
            if name.startswith("optimizer/"):
                _, index, slot = name.split("/")
                slots.setdefault(int(index), {})[slot] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})


class Training:
    """Decoders of one encoder or several, trained together from one frozen pass of each per batch.

    `out`/decoders gets each decoder's best checkpoint by validation loss, `out`/state-*.safetensors what
    `resume` needs; both are replaced whole at every validation, so a kill loses at most the steps since.
    `out`/logs gets TensorBoard's files. `on_progress(step, summary)` is called after every step.

    Decoders start from others in the folders `start_from`, of which the first that has one serves: fused ones
    from the decoder of their largest source alone, pixel_shuffle from the linear map, and with `continued`
    every decoder from its own checkpoint, or that of its mse sibling. Raises UserError when encoders differ
    in their kind of weights or cannot see crops of the recipe's size.
    """

    def __init__(
        self,
        configurations: Sequence[AnyConfiguration],
        recipe: Recipe,
        train: PhotoSet,
        val: PhotoSet,
        out: Path,
        device: str | torch.device = "cpu",
        progress_bar: bool = True,
        start_from: Sequence[Path] = (BUNDLED,),
        continued: bool = False,
        on_progress: Callable[[int, str], None] | None = None,
    ):
        kinds = {c.weights for c in configurations}
        if len(kinds) != 1:
            raise UserError("One training run has one kind of weights.")
        self.weights = kinds.pop()
        self.recipe = recipe
        self.train_set, self.val_set = train, val
        self.out = out
        self.processes = Processes(device)
        self.processes.check_batch(recipe.batch)
        self.device = self.processes.device
        self.progress_bar = progress_bar and self.processes.is_main
        self.on_progress = on_progress
        self.layers = layers_by_architecture(place for c in configurations for place in c.sources)
        self.encoders = {name: FrozenEncoder(name, self.weights, self.device) for name in self.layers}
        for encoder in self.encoders.values():
            encoder.check_side(recipe.crop)
        self.heads = [Head(configuration, recipe, self.processes) for configuration in configurations]
        self.step = 0
        self._views: FixedViews | None = None
        self._logs: Logs | None = None
        self._start_from = start_from
        self._continued = continued
        self._data = {
            "train_photos": len(train.photos),
            "train_digest": train.digest,
            "val_photos": min(recipe.validation_photos, len(val.photos)),
            "val_digest": val.digest,
        }
        names = " ".join(sorted(c.name for c in configurations))
        self._identity = {"names": names, "recipe": asdict(recipe), "data": self._data}

    @property
    def name(self) -> str:
        """The encoders and their weights."""
        return f"{'+'.join(self.layers)}-{self.weights}"

    @property
    def state_file(self) -> Path:
        return self.out / f"state-{self.name}.safetensors"

    def run(self, resume: bool = False) -> list[Head]:
        """Train to the recipe's last step and return the heads. `resume` continues from the state file."""
        if resume:
            self._load_state()
        else:
            self._start()
        if self.recipe.fixed_views:
            with self.processes.main_first():
                self._views = self._encode_views()
        validation = self._validation_batches() if self.processes.is_main else []
        if self.processes.is_main:
            self._logs = Logs(self.out / "logs" / self.name, self.step)
        bar = tqdm(
            total=self.recipe.steps,
            initial=self.step,
            unit="step",
            disable=not self.progress_bar,
            smoothing=0.05,
        )
        with bar:
            while self.step < self.recipe.steps and any(head.running for head in self.heads):
                self.train_step()
                self.step += 1
                bar.update()
                if self.step % self.recipe.validate_every == 0 or self.step == self.recipe.steps:
                    self._validate(validation)
                if self.step % LOG_EVERY == 0:
                    bar.set_postfix_str(self._summary(), refresh=False)
                    if self._logs:
                        self._logs.losses(self.step, {h.configuration.name: h.last_loss for h in self.heads})
                if self.on_progress:
                    self.on_progress(self.step, self._summary())
        if self._logs:
            self._logs.close()
        return self.heads

    def train_step(self) -> None:
        """Let every running decoder learn from one batch, whose features come from one pass."""
        running = [head for head in self.heads if head.running]
        features, photos01 = self._batch({place for head in running for place in head.configuration.sources})
        for head in running:
            head.step(self.step, features, photos01, self._precision())

    def _batch(self, places: set[Place]) -> tuple[Features, Tensor]:
        """Return this step's features and target pictures, encoded now or taken from the fixed views."""
        recipe = self.recipe
        share = self.processes.share
        if self._views:
            features, photos01 = self._views.batch(self.step, recipe.batch, recipe.seed)
            on_device = {place: share(features[place]).to(self.device) for place in places}
            return on_device, self._target(share(photos01).to(self.device))
        crops = self.train_set.random_crops(self.step, recipe.batch, recipe.crop, recipe.seed)
        photos01 = share(crops).to(self.device)
        with self._precision():
            features = self._encode(photos01, places)
        return {place: found.float() for place, found in features.items()}, self._target(photos01)

    def _encode(self, photos01: Tensor, places: Iterable[Place]) -> Features:
        return encode(self._encoder_for, self.weights, photos01, places)

    def _encoder_for(self, architecture: str, weights: str) -> FrozenEncoder:
        return self.encoders[architecture]

    def _target(self, photos01: Tensor) -> Tensor:
        """Return the pictures in [0, 1] that the decoders are to draw."""
        return normalised_and_clipped(photos01) if self.recipe.target == "normalised" else photos01

    def _encode_views(self) -> FixedViews:
        recipe = self.recipe
        return fixed_views(
            self.encoders,
            self.layers,
            self.train_set,
            recipe.fixed_views,
            recipe.crop,
            recipe.seed,
            self.out / "views",
            recipe.precision,
            self.progress_bar,
        )

    def _validate(self, validation: list[tuple[Features, Tensor]]) -> None:
        for head in self.heads:
            if not head.running:
                continue
            main = self.processes.is_main
            figures = self.processes.from_main(head.validate(validation) if main else None)
            best = head.record(self.step, figures)
            if main:
                self._report(head, figures, *validation[0])
                if best:
                    self._save_best(head, figures)
        if self.processes.is_main:
            self._save_state()

    @torch.no_grad()
    def _report(self, head: Head, figures: dict[str, float], features: Features, photos01: Tensor) -> None:
        name = head.configuration.name
        log.info("step %d %s: loss %.5f, %.2f dB", self.step, name, *figures.values())
        if self._logs:
            head.decoder.eval()
            reconstructions = head.decoder(head.configuration.inputs(features), photos01.shape[-1])
            head.decoder.train()
            self._logs.validation(self.step, name, figures)
            self._logs.strip(self.step, name, photos01, reconstructions)

    def _save_best(self, head: Head, figures: dict[str, float]) -> None:
        header = Header(
            configuration=head.configuration,
            fingerprint=fingerprint_of(head.configuration, self._encoder_for),
            recipe=self.recipe.for_checkpoint(head.configuration) | {"started_from": head.started_from},
            data=self._data,
            metrics={"step": self.step} | {f"val_{name}": value for name, value in figures.items()},
            parameters=sum(p.numel() for p in head.decoder.parameters()),
        )
        save_checkpoint(self.out / "decoders", head.decoder, header)

    def _start(self) -> None:
        """Give every decoder its feature statistics, from training crops, and what it starts from."""
        crops = self.train_set.centre_crops(limit=STATISTICS_PHOTOS)
        statistics = {
            (name, layer): found
            for name, layers in self.layers.items()
            for layer, found in feature_statistics(self.encoders[name], crops, layers).items()
        }
        for head in self.heads:
            means, stds = zip(*(statistics[place] for place in head.configuration.sources), strict=True)
            head.decoder.set_statistics(torch.cat(means), torch.cat(stds))
            for configuration in self._starts(head.configuration):
                path = self._checkpoint(configuration)
                if path:
                    self._start_head(head, configuration, path)
                    break
            else:
                if self._needs_linear(head.configuration):
                    linear = self._starts(head.configuration)[-1]
                    raise UserError(
                        f"{linear.name} is not fitted yet: run 'python -m trainer fit-linear --architecture "
                        f"{linear.architecture} --layer {linear.layer} --weights {linear.weights} ...' first."
                    )

    def _starts(self, configuration: AnyConfiguration) -> list[AnyConfiguration]:
        """Return what a decoder may start from, best first."""
        own = [configuration, replace(configuration, loss="mse")] if self._continued else []
        single = configuration
        if isinstance(configuration, FusedConfiguration):
            single = configuration.single(configuration.largest)
            own.append(single)
        if self._needs_linear(configuration):
            own.append(replace(single, decoder="linear", loss="mse"))
        return own

    def _needs_linear(self, configuration: AnyConfiguration) -> bool:
        return decoder_spec(configuration.decoder).starts_from_linear and self.recipe.start == "linear"

    def _start_head(self, head: Head, configuration: AnyConfiguration, path: Path) -> None:
        its_start = read_header(path).recipe.get("start", "linear")
        if decoder_spec(configuration.decoder).starts_from_linear and its_start != self.recipe.start:
            raise UserError(
                f"{configuration.name} was trained with --start {its_start}: "
                "train what starts from it in the same way."
            )
        decoder = load_decoder(path, self.device)
        if replace(configuration, loss=head.configuration.loss) == head.configuration:
            head.decoder.load_state_dict(decoder.state_dict())
        else:
            head.decoder.start_from(decoder)
        head.started_from = f"{configuration.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
        log.info("%s starts from %s", head.configuration.name, configuration.name)

    def _checkpoint(self, configuration: AnyConfiguration) -> Path | None:
        """Return the checkpoint of a configuration that fits the encoders here, None if there is none."""
        for folder in self._start_from:
            found = Catalogue.scan(folder, self._encoder_for, only=configuration.name).entries
            if configuration in found:
                return found[configuration]
        return None

    def _validation_batches(self) -> list[tuple[Features, Tensor]]:
        """Encode the validation photos once: the encoders are frozen, so their features never change."""
        crops = self.val_set.centre_crops(limit=self.recipe.validation_photos).to(self.device)
        places = {place for head in self.heads for place in head.configuration.sources}
        return [(self._encode(photos01, places), self._target(photos01)) for photos01 in crops.split(8)]

    def _precision(self) -> AbstractContextManager:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16")

    def _summary(self) -> str:
        last = [f"{h.configuration.loss} {h.last_loss:.4f}" for h in self.heads[:2]]
        best = [f"{h.progress.history[-1]['psnr']:.1f}" for h in self.heads if h.progress.history]
        return f"loss {', '.join(last)}; val dB {' '.join(best) or '-'}"

    def _save_state(self) -> None:
        tensors: dict[str, Tensor] = {}
        for head in self.heads:
            tensors |= {
                f"{head.configuration.name}/{name}": tensor for name, tensor in head.tensors().items()
            }
        progress = {head.configuration.name: asdict(head.progress) for head in self.heads}
        metadata: dict[str, Any] = {"step": self.step, "identity": self._identity, "progress": progress}
        write_safetensors(self.state_file, tensors, {"training": json.dumps(metadata)})

    def _load_state(self) -> None:
        """Restore a stopped run. Raises UserError when there is none, or when it was another run's."""
        if not self.state_file.exists():
            raise UserError(f"Nothing to resume in {str(self.out)!r}: start without --resume.")
        with safe_open(self.state_file, framework="pt", device=str(self.device)) as file:
            metadata = json.loads(file.metadata()["training"])
            if metadata["identity"] != self._identity:
                raise UserError(
                    f"{self.state_file.name} belongs to a run with another recipe, decoders or photos: "
                    "use the same arguments to resume it, or another --out."
                )
            names = list(file.keys())
            for head in self.heads:
                prefix = f"{head.configuration.name}/"
                head.load_tensors(
                    {n.removeprefix(prefix): file.get_tensor(n) for n in names if n.startswith(prefix)}
                )
                head.progress = Progress(**metadata["progress"][head.configuration.name])
        self.step = metadata["step"]
