"""FrozenEncoder: one forward pass with fixed weights, all asked layers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.encoders.networks import Backbone
from explorer.encoders.table import encoder_spec, normal_name
from explorer.encoders.timm_models import check_memory
from explorer.encoders.weights import philox_uniform, weight_source
from explorer.errors import UserError
from explorer.photos.tensors import check01
from explorer.wanted import holding

PROBE_SIZE = 64
FINGERPRINT_LENGTH = 16


class FrozenEncoder:
    """An architecture with fixed weights: photos in [0, 1] in, features of any of its layers out.

    Parameters are read from the weights when a layer first needs them, so that asking for a shallow layer
    neither loads nor runs what lies deeper. Safe to call from several threads.
    """

    def __init__(
        self,
        architecture: str,
        weights: str = "imagenet",
        device: str | torch.device = "cpu",
        folder: Path | None = None,
    ):
        self.architecture = architecture = normal_name(architecture)
        self.weights = weights
        self.spec = encoder_spec(architecture)
        self.device = torch.device(device)
        self._folder = folder
        self._source = weight_source(architecture, weights, folder, self.spec.bundled)
        self._loading = Lock()
        self._backbone: Backbone | None = None
        self._fingerprints: dict[str, list[float]] = {}
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(self.spec.mean, device=self.device).reshape(shape)
        self._std = torch.tensor(self.spec.std, device=self.device).reshape(shape)

    def __reduce__(self):
        """Pickle it as what it was made of: weights are read where it is unpickled."""
        return type(self), (self.architecture, self.weights, self.device, self._folder)

    def on(self, device: str | torch.device) -> "FrozenEncoder":
        """Return the same encoder on another device."""
        return type(self)(self.architecture, self.weights, device, self._folder)

    @torch.no_grad()
    def __call__(
        self, photos01: Tensor, layers: Iterable[str], known: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return {layer: features (N, C, H, W)} for photos01 (N, 3, height, width) in [0, 1].

        One pass that stops at the deepest asked layer. A stack of convolutions goes on from what is `known`
        of the features of these photos, as an earlier call gave them. Raises UserError for an unknown layer,
        a size this network cannot take or weights that cannot be had, and ValueError for values outside
        [0, 1], such as an already normalised photo.
        """
        check01(photos01)
        return self.differentiable(photos01, layers, known)

    def differentiable(
        self, photos: Tensor, layers: Iterable[str], known: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return what calling the encoder does, so that gradients flow back to the photos.

        Values may leave [0, 1], as those of a picture being optimised do. Raises UserError in the same cases.
        """
        names = self.spec.layer_names
        depths = {names.index(self.spec.layer(name).name) for name in layers}
        for side in photos.shape[-2:]:
            self.check_side(side)
        if not depths:
            return {}
        size = self.spec.input_size
        if size and photos.shape[-2:] != (size, size):
            photos = F.interpolate(photos, (size, size), mode="bicubic", antialias=True)
        begun = {names.index(layer): features for layer, features in (known or {}).items()}
        found = self.backbone(self._normalised(photos), depths, begun)
        return {names[depth]: features for depth, features in found.items()}

    def check_side(self, side: int) -> None:
        """Raise UserError for photos of a side, in pixels, that this network cannot take."""
        if side % self.spec.multiple:
            raise UserError(
                f"{self.spec.title} needs photos whose sides are multiples of {self.spec.multiple} pixels, "
                f"not {side}."
            )

    @torch.no_grad()
    def logits(self, photos01: Tensor) -> Tensor:
        """Return the classifier's outputs (N, classes) before the softmax, for photos01 as in a call.

        Only for a timm model whose head comes with its weights.
        """
        check01(photos01)
        return self.backbone.network(self._normalised(photos01))

    def _normalised(self, photos: Tensor) -> Tensor:
        x = (photos.to(self.device) - self._mean) / self._std
        return x.contiguous(memory_format=torch.channels_last)

    @property
    def backbone(self) -> Backbone:
        """The network itself, loaded when it is first needed."""
        if self._backbone is not None:
            return self._backbone
        with holding(self._loading), torch.inference_mode(False):  # weights made in it give no gradients
            if self._backbone is None:
                check_memory(self.spec.title, self.spec.parameters)
                self._backbone = self.spec.network.load(self._source, self.device)
        return self._backbone

    @property
    def loaded(self) -> bool:
        """Whether the network is in memory (of a stack of convolutions perhaps a part)."""
        return self._backbone is not None

    @property
    def nbytes(self) -> int:
        """The bytes of what is in memory of the network."""
        return self._backbone.nbytes if self._backbone is not None else 0

    def fingerprint(self, layer: str) -> list[float]:
        """Return 16 numbers that identify these weights up to `layer`: its mean response to a fixed probe.

        The probe is Philox noise; channel means are averaged in 16 groups, so that any weights that were
        changed, exchanged or trained further give other numbers.
        """
        if layer not in self._fingerprints:
            side = PROBE_SIZE // self.spec.multiple * self.spec.multiple
            probe = philox_uniform("probe", 3 * side**2).reshape(1, 3, side, side)
            response = self(torch.from_numpy(probe).float(), [layer])[layer].mean(dim=(2, 3))
            self._fingerprints[layer] = F.adaptive_avg_pool1d(response, FINGERPRINT_LENGTH)[0].tolist()
        return self._fingerprints[layer]


def same_fingerprint(a: Sequence[float], b: Sequence[float], tolerance: float = 0.01) -> bool:
    """Whether two fingerprints agree within a relative `tolerance`, which fp16 and GPUs stay below."""
    if len(a) != len(b):
        return False
    x, y = torch.tensor(a), torch.tensor(b)
    return bool(torch.linalg.norm(x - y) <= tolerance * torch.linalg.norm(y))
