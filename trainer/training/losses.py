"""Training losses: the weighted sums of mean squared error and LPIPS in the table LOSSES."""

from torch import Tensor
from torch.nn.functional import mse_loss

from explorer.decoders.losses import LOSSES
from explorer.measures.lpips import lpips_network


def reconstruction_loss(
    loss: str, drawn: Tensor, original01: Tensor, lpips_window: tuple[slice, slice] | None = None
) -> Tensor:
    """Return w_mse * MSE + w_lpips * LPIPS of (N, 3, H, W) photos as a scalar.

    `drawn` is the decoder's unclamped output: clamping would stop the gradient where it is needed most.
    LPIPS, by far the dearer part, can be taken from a window (rows, columns) of the photos.
    """
    spec = LOSSES[loss]
    total = spec.w_mse * mse_loss(drawn, original01) if spec.w_mse else drawn.new_zeros(())
    if spec.w_lpips:
        network = lpips_network(str(original01.device))
        window = (..., *lpips_window) if lpips_window else ...
        total = total + spec.w_lpips * network(drawn[window], original01[window], normalize=True).mean()
    return total
