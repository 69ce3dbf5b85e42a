"""The API: the same things the page shows, by name, for gradio_client and HTTP."""

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio import FileData
from gradio_client.utils import is_file_obj_with_meta
from PIL import Image

from explorer import Explorer, UserError
from explorer.configurations import Configuration, FusedConfiguration, parse_place
from explorer.experiments.settings import PRIORS
from explorer.experiments.surgery import Change
from explorer.measures.comparison import parse_configuration
from explorer.pictures.feature_maps import share_map
from explorer.ui.events import HEAVY
from explorer.ui.files import offered_picture


def add_api(explorer: Explorer) -> None:
    """Add the named endpoints to the Blocks being built."""

    @_endpoint("reconstruct")
    def reconstruct(
        photo: FileData,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        decoder: str = Configuration.decoder,
        loss: str = Configuration.loss,
        weights: str = Configuration.weights,
    ) -> tuple[FileData, FileData, FileData, dict[str, Any]]:
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
            loss: what the decoder was trained for: mse, lpips or hybrid
            weights: the network's weights: imagenet (trained) or random (the control)
        """
        asked = Configuration(architecture, layer, decoder, loss, weights)
        result = explorer.judged(explorer.reconstruct(_path(photo), asked))
        pictures = (result.original, result.reconstruction, result.error)
        return *map(_file, pictures), result.to_dict()

    @_endpoint("ensemble")
    def ensemble(
        photo: FileData,
        sources: list[str],
        fusion: str = "concat",
        decoder: str = "pixel_shuffle",
        loss: str = "mse",
        weights: str = Configuration.weights,
    ) -> tuple[FileData, FileData, FileData, list[FileData], dict[str, Any]]:
        """Reconstruct a photo from several layers at once, of one network or more.

        Returns three PNG files as /reconstruct does, for the fusions weighted and attention a map a source of
        how much is taken of it where (dark 0, light 1), and a JSON object with sources, fusion, the figures,
        and "contributions": what each source alone gives, and the ensemble without it.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            sources: two layers or more, each architecture/layer, such as vgg16/block1 (see /catalogue)
            fusion: weighted, attention or concat
            decoder: what turns features into a photo, such as pixel_shuffle or transposed_conv
            loss: what the decoder was trained for: mse, lpips or hybrid
            weights: the networks' weights: imagenet (trained) or random (the control)
        """
        places = tuple(parse_place(text) for text in sources)
        asked = FusedConfiguration(places, fusion, decoder, loss, weights)
        found = explorer.ensemble(_path(photo), asked)
        pictures = (found.result.original, found.result.reconstruction, found.result.error)
        maps = [x.attention for x in found.contributions if x.attention is not None]
        return *map(_file, pictures), [_file(share_map(x)) for x in maps], found.to_dict()

    @_endpoint("depth_sweep")
    def depth_sweep(
        photo: FileData,
        architecture: str = Configuration.architecture,
        decoder: str = "linear",
        loss: str = "mse",
        weights: str = Configuration.weights,
    ) -> tuple[list[FileData], dict[str, Any]]:
        """Reconstruct a photo from every layer that has this decoder, shallow to deep.

        Returns the reconstructions as PNG files and a JSON object {"layers": [...]} with the figures of each,
        in the same order and with the same keys as /reconstruct.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            architecture: the frozen network, as listed by /catalogue
            decoder: what turns features into a photo, such as linear or transposed_conv
            loss: what the decoder was trained for: mse, lpips or hybrid
            weights: the network's weights: imagenet (trained) or random (the control)
        """
        asked = Configuration(architecture, decoder=decoder, loss=loss, weights=weights)
        results = [explorer.judged(result) for result in explorer.depth(_path(photo), asked)]
        files = [_file(result.reconstruction) for result in results]
        return files, {"layers": [result.to_dict() for result in results]}

    @_endpoint("feature_maps")
    def feature_maps(
        photo: FileData,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        page: int = 0,
        weights: str = Configuration.weights,
    ) -> tuple[FileData, dict[str, Any]]:
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
        maps = explorer.features(_path(photo), architecture=architecture, layer=layer, weights=weights)
        figures = {"channels": maps.channels, "height": maps.height, "width": maps.width, "order": maps.order}
        return _file(maps.mosaic(page)), figures | {"page": page, "pages": maps.pages()}

    @_endpoint("compare")
    def compare(
        photo: FileData,
        a: str = "vgg16/block1/transposed_conv/hybrid",
        b: str = "vgg16/block3/transposed_conv/hybrid",
    ) -> tuple[FileData, FileData, FileData, dict[str, Any]]:
        """Reconstruct a photo in two ways and say which is better, by how much, and how usual that is.

        Returns three PNG files of 224 x 224 pixels (the reconstructions by a and by b, and where they differ)
        and a JSON object with the figures of "a" and "b" as in /reconstruct, and "verdicts", one a metric.

        Parameters:
            photo: the photo; its shorter side is resized to 256 pixels, of which the centre 224 are used
            a: architecture/layer/decoder/loss, or with /weights at the end
            b: the same, for the second reconstruction
        """
        found = explorer.compare(_path(photo), parse_configuration(a), parse_configuration(b))
        pictures = (found.a.reconstruction, found.b.reconstruction, found.difference)
        return *map(_file, pictures), found.to_dict()

    @_endpoint("surgery")
    def surgery(
        photo: FileData,
        operation: str = "quantise",
        strength: float | None = None,
        architecture: str = Configuration.architecture,
        layer: str = Configuration.layer,
        decoder: str = Configuration.decoder,
        loss: str = Configuration.loss,
        weights: str = Configuration.weights,
        mask: FileData | None = None,
        other: FileData | None = None,
    ) -> tuple[FileData, FileData, dict[str, Any]]:
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
            loss: what the decoder was trained for: mse, lpips or hybrid
            weights: the network's weights: imagenet (trained) or random (the control)
            mask: for the operation mask: a picture of the photo's shape that is white where to erase
            other: for the operation swap: the photo whose channels are put in
        """
        found = explorer.surgery(
            _path(photo),
            Configuration(architecture, layer, decoder, loss, weights),
            Change(
                operation,
                strength,
                mask=_path(mask) if mask else None,
                other=_path(other) if other else None,
            ),
        )
        return _file(found.before.reconstruction), _file(found.after.reconstruction), found.to_dict()

    @_endpoint("catalogue")
    def catalogue() -> dict[str, Any]:
        """List architectures with their layers, decoders, and what is ready, missing or skipped."""
        return explorer.catalogue().to_dict() | {"optimisation": {"priors": PRIORS}}


def _endpoint(name: str) -> Callable[[Callable[..., Any]], None]:
    """Serve the decorated function as /name; a mistake of the user's reaches the caller as its sentence."""

    def register(function: Callable[..., Any]) -> None:
        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except UserError as error:
                raise gr.Error(str(error), print_exception=False) from error

        gr.api(call, api_name=name, **HEAVY)

    return register


def _path(photo: Any) -> str:
    """Return the path of an uploaded file; a path that was merely named must not be read from the server."""
    if not is_file_obj_with_meta(photo) or not photo.get("path"):
        raise UserError("No photo was given: pass a file, with gradio_client as handle_file(path).")
    return photo["path"]


def _file(picture: Image.Image) -> FileData:
    return FileData(path=offered_picture(picture), mime_type="image/png")
