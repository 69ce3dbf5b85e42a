"""Training with several processes, on one machine or more, as `accelerate launch` starts them."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from explorer.errors import UserError


class Processes:
    """The processes of one run. Each takes its share of every batch and the gradients are averaged.

    One process, which is what there is without `accelerate launch`, does nothing of this. Batch norm, where a
    decoder has it, is over each process's own share.
    """

    def __init__(self, device: str | torch.device = "cpu"):
        self.device = torch.device(device)
        self._accelerator = None
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator

            self._accelerator = Accelerator(cpu=self.device.type == "cpu")
            self.device = self._accelerator.device

    @property
    def count(self) -> int:
        return self._accelerator.num_processes if self._accelerator else 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that validates, logs and saves."""
        return self._accelerator is None or self._accelerator.is_main_process

    def check_batch(self, batch: int) -> None:
        """Raise UserError when a batch cannot be shared out evenly."""
        if batch % self.count:
            raise UserError(f"A batch of {batch} cannot be shared evenly by {self.count} processes.")

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's photos or features of a batch that is the same in all processes."""
        return batch[self._accelerator.process_index :: self.count] if self._accelerator else batch

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a tensor over the processes."""
        return self._accelerator.reduce(value, "mean") if self._accelerator else value

    def average_gradients(self, module: nn.Module) -> None:
        if self._accelerator:
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            flat = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
            for gradient, found in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(found.view_as(gradient))

    def from_main(self, value: Any) -> Any:
        """Return what the main process passes here, in every process."""
        if self._accelerator is None:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def main_first(self) -> AbstractContextManager:
        """Let the main process go through a block before the others, which then find what it stored."""
        return self._accelerator.main_process_first() if self._accelerator else nullcontext()

    def end(self) -> None:
        """Leave the others: a process that goes without a word may be aborted by its own threads."""
        if self._accelerator:
            self._accelerator.end_training()
