"""The training loop: one frozen pass feeds every decoder; each learns, is checked, and kept at its best."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from explorer.configurations import AnyConfiguration, layers_by_architecture
from explorer.encoders.frozen import FrozenEncoder
from explorer.errors import UserError
from explorer.folders import BUNDLED
from trainer.data.photos import PhotoSet
from trainer.recipe import Recipe
from trainer.training.batches import Batch, Batches
from trainer.training.head import Head
from trainer.training.logs import Logs, summary
from trainer.training.losses import compared
from trainer.training.processes import Processes
from trainer.training.starts import start_head
from trainer.training.state import load_state, save_state

LOG_EVERY = 10


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
        [weights] = kinds
        self.recipe = recipe
        self.out = out
        self.processes = Processes(device)
        self.processes.check_batch(recipe.batch)
        self.progress_bar = progress_bar and self.processes.is_main
        self.start_from, self.continued = start_from, continued
        self.on_progress = on_progress
        needed = [place for c in configurations for place in (*c.sources, *compared(c))]
        layers = layers_by_architecture(needed)
        encoders = {name: FrozenEncoder(name, weights, self.processes.device) for name in layers}
        for encoder in encoders.values():
            encoder.check_side(recipe.crop)
        self.batches = Batches(encoders, layers, weights, recipe, train, val, self.processes)
        encoder_for = self.batches.encoder_for
        self.heads = [Head(c, recipe, self.processes, encoder_for) for c in configurations]
        self.step = 0
        self.name = f"{'+'.join(layers)}-{weights}"
        self.state_file = out / f"state-{self.name}.safetensors"
        self.data = {
            "train_photos": len(train.photos),
            "train_digest": train.digest,
            "val_photos": min(recipe.validation_photos, len(val.photos)),
            "val_digest": val.digest,
        }
        names = " ".join(sorted(c.name for c in configurations))
        self.identity = {"names": names, "recipe": asdict(recipe), "data": self.data}

    def run(self, resume: bool = False) -> list[Head]:
        """Train to the recipe's last step and return the heads. `resume` continues from the state file."""
        if resume:
            self.step = load_state(self.state_file, self.identity, self.heads, self.processes.device)
        else:
            self.start()
        if self.recipe.fixed_views:
            places = dict.fromkeys(place for head in self.heads for place in head.places)
            self.batches.encode_views(places, self.out / "views", self.progress_bar)
        main, steps = self.processes.is_main, self.recipe.steps
        validation = self.batches.validation() if main else []
        logs = Logs(self.out / "logs" / self.name, self.step) if main else None
        quiet = not self.progress_bar
        with tqdm(total=steps, initial=self.step, unit="step", smoothing=0.05, disable=quiet) as bar:
            while self.step < steps and any(head.running for head in self.heads):
                self.train_step()
                self.step += 1
                bar.update()
                if self.step % self.recipe.validate_every == 0 or self.step == steps:
                    self.validate(validation, logs)
                if self.step % LOG_EVERY == 0 and logs:
                    bar.set_postfix_str(summary(self.heads), refresh=False)
                    logs.losses(self.step, self.heads)
                if self.on_progress:
                    self.on_progress(self.step, summary(self.heads))
        if logs:
            logs.close()
        self.processes.end()
        return self.heads

    def start(self) -> None:
        """Give every decoder the statistics of its features and the weights it starts from."""
        statistics = self.batches.statistics()
        for head in self.heads:
            head.standardise(statistics)
            start_head(head, self.start_from, self.continued, self.batches.encoder_for)

    def train_step(self) -> None:
        """Let every running decoder learn from one batch, whose features come from one pass."""
        running = [head for head in self.heads if head.running]
        places = {place for head in running for place in head.places}
        features, photos01 = self.batches.of_step(self.step, places)
        for head in running:
            head.step(self.step, features, photos01)

    def validate(self, batches: Sequence[Batch], logs: Logs | None) -> None:
        """Check every running decoder, keep it where it is at its best, and the state of the run.

        The main process, which has `logs`, does so and tells the others the figures.
        """
        for head in self.heads:
            if not head.running:
                continue
            figures = self.processes.from_main(head.validate(batches) if logs else None)
            best = head.record(self.step, figures)
            if logs:
                logs.validation(self.step, head, figures, batches[0])
            if logs and best:
                head.save(self.out / "decoders", self.batches.encoder_for, self.data)
        if logs:
            save_state(self.state_file, self.step, self.identity, self.heads)
