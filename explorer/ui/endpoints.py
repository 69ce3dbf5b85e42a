"""What the app offers by name, to programs and to assistants: the same things that the page shows.

What a function says of itself and of its parameters is what the API's page and the assistants read.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from explorer import Explorer, UserError
from explorer.configurations import (
    OPTIMISATION,
    AnyConfiguration,
    Configuration,
    FusedConfiguration,
    parse_place,
)
from explorer.encoders.table import encoder_spec
from explorer.experiments.settings import MANY_STEPS, PRIORS
from explorer.experiments.surgery import Change
from explorer.measures.comparison import parse_configuration
from explorer.pictures.feature_maps import share_map
from explorer.recovering import suited

Picture = Image.Image
Figures = dict[str, Any]


class Sent:
    """A photo in the form in which it is sent; the functions get what `load_photo` takes."""


@dataclass(frozen=True)
class Plan:
    """What must be ready before a call, which may search: what `shows` decodes with, or only the networks."""

    shows: Sequence[AnyConfiguration] = ()
    decodes: bool = True
    searches: bool = False


@dataclass(frozen=True)
class Endpoint:
    """A function by its name, and `plan`, which takes the same arguments."""

    function: Callable[..., Any]
    plan: Callable[..., Plan]

    @property
    def name(self) -> str:
        return self.function.__name__


def endpoints(explorer: Explorer) -> list[Endpoint]:
    """Return all endpoints. Their functions and plans raise UserError."""

    def shows(*configurations: Configuration) -> Plan:
        decoded = [explorer.catalogue().find(c) for c in configurations if c.decoder != OPTIMISATION]
        for c in configurations:
            encoder_spec(c.architecture).layer(c.layer)
        return Plan(decoded, searches=len(decoded) < len(configurations))

    def reconstruct(
        photo: Sent,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        decoder: str = Configuration.decoder,
        loss: str = Configuration.loss,
        weights: str = Configuration.weights,
    ) -> tuple[Picture, Picture, Picture, Figures]:
        """Turn a photo into the features of a frozen network, and those back into a photo.

        Returns three PNG files of 224 x 224 pixels (the original's centre crop, the reconstruction, the
        error map) and a JSON object with architecture, layer, decoder, loss, weights, psnr (dB), ssim, lpips,
        mse, feature_error (at the layer, relative), similarity (a judge's, -1 to 1), weave and seconds. A
        decoder that is solved exactly has the loss "mse" whatever is asked.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            architecture: the frozen network, as listed by /catalogue, or any timm model as timm:ID
            layer: the layer whose features are decoded, shallow to deep, such as block1 to block5
            decoder: what turns features into a photo, such as linear or transposed_conv; optimisation
                searches for the photo without a decoder, which takes a minute or more
            loss: what the decoder was trained for: mse, lpips, hybrid or features
            weights: the network's weights: imagenet (trained) or random (the control)
        """
        asked = Configuration(architecture, layer, decoder, loss, weights)
        result = explorer.judged(explorer.reconstruct(photo, asked))
        return result.original, result.reconstruction, result.error, result.to_dict()

    def ensemble(
        photo: Sent,
        sources: list[str],
        fusion: str = "concat",
        decoder: str = "pixel_shuffle",
        loss: str = "mse",
        weights: str = Configuration.weights,
    ) -> tuple[Picture, Picture, Picture, list[Picture], Figures]:
        """Reconstruct a photo from several layers at once, of one network or more.

        Returns three PNG files as /reconstruct does, for the fusions weighted and attention a map a source of
        how much is taken of it where (dark 0, light 1), and a JSON object with sources, fusion, the figures,
        and "contributions": what each source alone gives, and the ensemble without it.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            sources: two layers or more, each architecture/layer, such as vgg16/block1 (see /catalogue)
            fusion: weighted, attention or concat
            decoder: what turns features into a photo, such as pixel_shuffle or transposed_conv
            loss: what the decoder was trained for: mse, lpips, hybrid or features
            weights: the networks' weights: imagenet (trained) or random (the control)
        """
        asked = fused(sources, fusion, decoder, loss, weights)
        found = explorer.ensemble(photo, asked)
        maps = [share_map(x.attention) for x in found.contributions if x.attention is not None]
        result = found.result
        return result.original, result.reconstruction, result.error, maps, found.to_dict()

    def fused(sources: list[str], fusion: str, decoder: str, loss: str, weights: str) -> FusedConfiguration:
        return FusedConfiguration(tuple(map(parse_place, sources)), fusion, decoder, loss, weights)

    def depth_sweep(
        photo: Sent,
        architecture: str = Configuration.architecture,
        decoder: str = "linear",
        loss: str = "mse",
        weights: str = Configuration.weights,
    ) -> tuple[list[Picture], Figures]:
        """Reconstruct a photo from every layer that has this decoder, shallow to deep.

        Returns the reconstructions as PNG files and a JSON object {"layers": [...]} with the figures of each,
        in the same order and with the same keys as /reconstruct.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            architecture: the frozen network, as listed by /catalogue
            decoder: what turns features into a photo, such as linear or transposed_conv
            loss: what the decoder was trained for: mse, lpips, hybrid or features
            weights: the network's weights: imagenet (trained) or random (the control)
        """
        asked = every_layer(architecture, decoder, loss, weights)
        results = [explorer.judged(result) for result in explorer.depth(photo, asked)]
        return [x.reconstruction for x in results], {"layers": [x.to_dict() for x in results]}

    def every_layer(architecture: str, decoder: str, loss: str, weights: str) -> Configuration:
        return Configuration(architecture, decoder=decoder, loss=loss, weights=weights)

    def feature_maps(
        photo: Sent,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        page: int = 0,
        weights: str = Configuration.weights,
    ) -> tuple[Picture, Figures]:
        """Show what a layer makes of a photo: 64 of its channels as one picture, strongest first.

        Returns a PNG file with eight channels a row and a JSON object with channels, height, width, order
        (all channel numbers, strongest first), page and pages.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            architecture: the frozen network, as listed by /catalogue
            layer: the layer to look at, such as block1 to block5
            page: which 64 channels, counted from 0
            weights: the network's weights: imagenet (trained) or random (the control)
        """
        maps = explorer.features(photo, architecture=architecture, layer=layer, weights=weights)
        figures = {"channels": maps.channels, "height": maps.height, "width": maps.width, "order": maps.order}
        return maps.mosaic(page), figures | {"page": page, "pages": maps.pages()}

    def encodes(architecture: str, layer: str, page: int, weights: str) -> Plan:
        return Plan([Configuration(architecture, layer, weights=weights)], decodes=False)

    def compare(
        photo: Sent,
        a: str = "vgg16/block1/transposed_conv/hybrid",
        b: str = "vgg16/block3/transposed_conv/hybrid",
    ) -> tuple[Picture, Picture, Picture, Figures]:
        """Reconstruct a photo in two ways and say which is better, by how much, and how usual that is.

        Returns three PNG files of 224 x 224 pixels (the reconstructions by a and by b, and where they differ)
        and a JSON object with the figures of "a" and "b" as in /reconstruct, and "verdicts", one a metric.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            a: architecture/layer/decoder/loss, or with /weights at the end
            b: the same, for the second reconstruction
        """
        found = explorer.compare(photo, parse_configuration(a), parse_configuration(b))
        return found.a.reconstruction, found.b.reconstruction, found.difference, found.to_dict()

    def surgery(
        photo: Sent,
        operation: str = "quantise",
        strength: float | None = None,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        decoder: str = Configuration.decoder,
        loss: str = Configuration.loss,
        weights: str = Configuration.weights,
        mask: Sent | None = None,
        other: Sent | None = None,
    ) -> tuple[Picture, Picture, Figures]:
        """Change the features of a photo before they are decoded, and see what that costs.

        Returns two PNG files of 224 x 224 pixels (the reconstructions before and after) and a JSON object
        with what was done, the figures "before" and "after", and an estimate of the bits in the features.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            operation: quantise, drop, keep, noise, mask, shuffle or swap
            strength: bits for quantise, times the usual variation for noise, else per cent; has a default
            architecture: the frozen network, as listed by /catalogue
            layer: the layer whose features are changed, such as block1 to block5
            decoder: what turns features into a photo, such as linear or transposed_conv
            loss: what the decoder was trained for: mse, lpips, hybrid or features
            weights: the network's weights: imagenet (trained) or random (the control)
            mask: for the operation mask: a picture of the photo's shape that is white where to erase
            other: for the operation swap: the photo whose channels are put in
        """
        c = Configuration(architecture, layer, decoder, loss, weights)
        found = explorer.surgery(photo, c, Change(operation, strength, mask=mask, other=other))
        return found.before.reconstruction, found.after.reconstruction, found.to_dict()

    def recover(
        photo: Sent,
        architecture: str = Configuration.architecture,
        layer: str = "block5",
        weights: str = Configuration.weights,
        prior: str = "",
        seconds: float = 60.0,
        seed: int = 0,
    ) -> tuple[Picture, Picture, Figures]:
        """Search for a photo in the features of one layer: what they hold, whether a decoder draws it or not.

        Returns two PNG files of 224 x 224 pixels (what was recovered, the error map) and a JSON object as
        /reconstruct does, with "prior" and "steps". It takes its seconds.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            architecture: the frozen network, as listed by /catalogue, or any timm model as timm:ID
            layer: the layer whose features are matched, such as block1 to block5
            weights: the network's weights: imagenet (trained) or random (the control)
            prior: what is changed until the features match: pixels, decoder or network; as suits the layer
            seconds: how long to search
            seed: where a search begins that begins at random
        """
        if not seconds > 0:
            raise UserError(f"seconds must be above zero, not {seconds}.")
        c = Configuration(architecture, layer, OPTIMISATION, "features", weights)
        usual = suited(explorer.engine, c, prior)
        wanted = replace(usual, steps=MANY_STEPS, seconds=float(seconds), seed=seed)
        found = deque(explorer.recover(photo, c, wanted), maxlen=1)[0]
        return found.result.reconstruction, found.result.error, found.to_dict()

    def catalogue() -> Figures:
        """List architectures with their layers, decoders, and what is ready, missing or skipped."""
        return explorer.catalogue().to_dict() | {"optimisation": {"priors": PRIORS}}

    return [
        Endpoint(reconstruct, lambda photo, *names: shows(Configuration(*names))),
        Endpoint(ensemble, lambda photo, *names: Plan([explorer.catalogue().find(fused(*names))])),
        Endpoint(depth_sweep, lambda photo, *x: Plan(explorer.depth_configurations(every_layer(*x)))),
        Endpoint(feature_maps, lambda photo, *names: encodes(*names)),
        Endpoint(compare, lambda photo, *ways: shows(*map(parse_configuration, ways))),
        Endpoint(surgery, lambda photo, _, strength, *names: shows(Configuration(*names[:5]))),
        Endpoint(recover, lambda photo, *names: Plan(searches=True)),
        Endpoint(catalogue, Plan),
    ]
