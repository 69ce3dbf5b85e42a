"""The texts about a reconstruction that is seen again by networks, and about the search without a decoder."""

from html import escape

from explorer.agreement import Agreement, Guess
from explorer.configurations import Configuration
from explorer.decoders import decoder_spec
from explorer.encoders import encoder_spec
from explorer.reconstruction import Reconstruction, Recovery
from explorer.ui.choices import LOSS_NAMES
from explorer.ui.labels import NO_PHOTO
from explorer.ui.readings import METRICS

SURE = 0.2  # probability of the first guess from which it is taken seriously


def agreement_text(found: Agreement | None, layer: str = "") -> str:
    """Return how well the network's features and a classifier's guesses survive the reconstruction."""
    if found is None:
        return "<h2>Seen again</h2>"
    bars = []
    for name, error in found.errors.items():
        width = 0 if error is None else min(1, error)
        value = "all zero" if error is None else f"{error:.2f}"
        here = ' class="here"' if name == layer else ""
        bar = f'<i style="width: {width:.1%}"></i>'
        bars.append(f'<tr{here}><th scope="row">{name}</th><td>{bar}</td><td>{value}</td></tr>')
    sides = _guesses("Original", found.original) + _guesses("Reconstruction", found.reconstruction)
    same = "still" if found.same_guess else "no longer"
    reading = (
        f"EfficientNet-Lite0, which names what is in a photo, <b>{same}</b> puts the same name first."
        if found.original[0].probability >= SURE
        else "EfficientNet-Lite0, which names what is in a photo, is not sure of the original itself: "
        "its guesses say little here."
    )
    return (
        "<h2>Seen again</h2>"
        '<p class="about">The reconstruction goes through the network once more. How far its features are '
        "from the photo’s, by layer: 0 is equal, 1 as far as the features are long (relative error).</p>"
        f'<table class="bars"><tbody>{"".join(bars)}</tbody></table>'
        f'<p class="about">{reading}</p><div class="guesses">{sides}</div>'
    )


def _guesses(title: str, guesses: list[Guess]) -> str:
    rows = "".join(f"<li>{escape(x.name)} <b>{x.probability:.0%}</b></li>" for x in guesses)
    return f"<div><h3>{title}</h3><ol>{rows}</ol></div>"


def recover_title(c: Configuration | None) -> str:
    """Return the heading of the Recover tab."""
    if c is None:
        return f'<h2>Recovered without training</h2><p class="about">{NO_PHOTO}</p>'
    return (
        f"<h2>{encoder_spec(c.architecture).title} {c.layer}, without a trained decoder</h2>"
        '<p class="about">A picture is changed, step by step, until the network finds the same features in '
        "it as in the photo. Where it still differs from the photo then, the features do not tell, or the "
        "search has not found it.</p>"
    )


def rival_text(result: Reconstruction, error: float | None) -> str:
    """Return what the best trained decoder makes of the same features, with its relative feature error."""
    c = result.configuration
    agrees = "" if error is None else f", relative feature error {error:.3f}"
    psnr = METRICS[0].format(result.metrics.psnr)
    return (
        f"For comparison, the best decoder measured at this layer ({decoder_spec(c.decoder).title}, "
        f"{LOSS_NAMES.get(c.loss, c.loss)}) on this photo: {psnr} dB{agrees}."
    )


def recover_figures(found: Recovery | None, rival: str = "", state: str = "") -> str:
    """Return how far the recovery has come, and the trained decoder to compare it with."""
    best = f'<p class="about">{rival}</p>' if rival else ""
    if found is None:
        return best
    metrics = found.result.metrics
    values = [f"{x.name} {x.format(getattr(metrics, x.key))}" for x in METRICS[:3]]
    values[0] += f" {METRICS[0].unit}"
    state = state or ("Finished" if found.done else "Running")
    role = "" if state == "Running" else ' role="status"'
    return (
        f'<p class="reading"{role}><b>{state}</b>: step {found.steps}, '
        f"{found.seconds:.0f} s · relative feature error <b>{found.feature_error:.3f}</b></p>"
        f'<p class="reading">{" · ".join(values)}</p>{best}'
    )
