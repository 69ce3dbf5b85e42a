"""The Surgery tab: change the features before they are decoded, and see what the change costs."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.encoders.table import encoder_spec
from explorer.experiments.bits import PHOTO_BITS
from explorer.experiments.surgery import OPERATIONS, Change
from explorer.measures.metrics import METRICS
from explorer.pictures.plots import surgery_curve
from explorer.reconstruction import Surgery
from explorer.ui.controls import examples
from explorer.ui.files import offered_picture, uploaded_file
from explorer.ui.pictures import picture
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text, common = texts("surgery"), texts("common")
TITLE = text.title
FIRST = next(iter(OPERATIONS.values()))
BRUSH = gr.Brush(colors=["#ff3b30"], default_size=28, color_mode="fixed")


@dataclass(frozen=True)
class OnPage:
    """The operation on the page, and the photo that is being painted on, by its digest.

    `change` is what was done with what result (`point` of the curve), None while it cannot be done yet.
    """

    operation: str = FIRST.name
    strength: float = FIRST.default
    painting: str | None = None
    change: Change | None = None
    point: dict[str, Any] | None = None


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    second_photo = list(examples().values())[1:2]
    with gr.Row(elem_id="surgery", equal_height=False):
        with gr.Column(elem_id="surgery-pictures"):
            title = gr.HTML(text.heading(None), elem_classes="answer")
            with gr.Row(elem_classes="pair"):
                before = picture("surgery-before", text.before)
                after = picture("surgery-after", text.after)
            figures = gr.HTML(surgery_figures(None), elem_classes="answer", elem_id="surgery-figures")
        with gr.Column(elem_id="surgery-controls"):
            operation = gr.Dropdown(
                [(spec.title, name) for name, spec in OPERATIONS.items()],
                value=FIRST.name,
                label=text.operation,
                filterable=False,
                elem_id="operation",
            )
            strength = gr.Slider(
                FIRST.low, FIRST.high, FIRST.default, step=FIRST.step, label=FIRST.unit, elem_id="strength"
            )
            about = gr.HTML(text.about(FIRST), elem_id="operation-text")
            painting = gr.ImageEditor(
                label=text.painting,
                type="filepath",
                sources=[],
                transforms=[],
                layers=False,
                brush=BRUSH,
                eraser=gr.Eraser(default_size=28),
                canvas_size=(224, 224),
                fixed_canvas=True,
                buttons=[],
                visible=False,
                elem_id="painting",
            )
            other = gr.Image(
                str(second_photo[0]) if second_photo else None,
                label=text.second_photo,
                sources=["upload", "clipboard"],
                buttons=[],
                visible=False,
                elem_id="other-photo",
                alt_text=text.second_photo_shows,
            )
            curve = gr.Plot(label=text.curve, show_label=False, elem_id="surgery-curve")

    known = gr.State(OnPage())
    drawn = gr.State({})  # the curve on the page: what it is "of", and its "points"

    def operate(
        question: Question, name: str, value: float, painted: Any, second: Any, memory: OnPage
    ) -> Update:
        """Show both reconstructions, and bring the tab's components in line with the operation."""
        spec = OPERATIONS.get(name, FIRST)
        same = spec.name != memory.operation and value == memory.strength
        if same or not spec.low <= value <= spec.high:  # a strength that was meant for another operation
            value = spec.default
        photo = question.photo.digest
        new_painting = spec.needs == "mask" and memory.painting != photo
        layers = (painted or {}).get("layers") if not new_painting else None
        given = {
            "mask": uploaded_file(layers[0]) if spec.needs == "mask" and layers else None,
            "other": uploaded_file(second) if spec.needs == "photo" and second else None,
        }
        settled = {}
        if spec.name != memory.operation or spec.name != name:  # never while a visitor drags the slider
            settled = {
                operation: gr.Dropdown(value=spec.name),
                strength: gr.Slider(spec.low, spec.high, value, step=spec.step, label=spec.unit),
                about: text.about(spec),
                painting: gr.ImageEditor(visible=spec.needs == "mask"),
                other: gr.Image(visible=spec.needs == "photo"),
            }
        if new_painting:
            crop = offered_picture(question.photo.crop)
            settled[painting] = gr.ImageEditor(
                {"background": crop, "layers": [], "composite": crop}, visible=True
            )
        change = Change(spec.name, value, **given)
        now = OnPage(spec.name, value, photo if new_painting else memory.painting)
        asked = (question.photo, question.configuration)
        try:
            spec.check(change)
        except UserError as missing:  # the mask or second photo is still to come
            result = explorer.reconstruct(*asked)
            return settled | {
                title: text.heading(result),
                before: offered_picture(result.reconstruction),
                after: None,
                figures: common.note(str(missing)),
                known: now,
            }
        result = explorer.surgery(*asked, change)
        point = {"strength": value, "psnr": result.after.figures["psnr"], "bits": result.bits_after}
        return settled | {
            title: text.heading(result.before),
            before: offered_picture(result.before.reconstruction),
            after: offered_picture(result.after.reconstruction),
            figures: surgery_figures(result),
            known: replace(now, change=change, point=point),
        }

    def show_curve(question: Question, *values: Any) -> Update:
        """Show the curve with the strength on it; its points are kept until it is another one."""
        *_, memory, kept = values
        change = memory.change
        if change is None:
            return {curve: None, drawn: {}}
        of = (question.about, change.operation, change.mask, change.other)
        points = kept["points"] if kept.get("of") == of else None
        if points is None:
            points = explorer.surgery_curve(question.photo, question.configuration, change)
        unit = OPERATIONS[change.operation].unit
        return {curve: surgery_curve(points, unit, memory.point), drawn: {"of": of, "points": points}}

    def empty() -> Update:
        pictures = {before: None, after: None, curve: None}
        return pictures | {
            title: text.heading(None),
            figures: surgery_figures(None),
            known: OnPage(),
            drawn: {},
        }

    told = [title, before, after, figures, operation, strength, about, painting, other, known]
    return View(
        [Step(operate, told, [known]), Step(show_curve, [curve, drawn], [known, drawn])],
        empty,
        inputs=[operation, strength, painting, other],
        triggers=[operation.input, strength.input, painting.input, other.input],
        in_address={"operation": (operation, str), "strength": (strength, float)},
        own=own,
    )


def own(name: str, strength: float, painted: Any, second: Any) -> list[str]:
    """Return what of the visitor's own an operation works with: a mask, a second photo."""
    needs = OPERATIONS.get(name, FIRST).needs
    if needs == "mask":
        return ["mask"] if (painted or {}).get("layers") else []
    return ["second"] if needs == "photo" and second and not is_example(second) else []


def is_example(second: Any) -> bool:
    """Whether the second photo is the one that the page came with, by the name that uploads keep."""
    return str(second.get("orig_name") or second.get("path")).endswith(
        tuple(x.name for x in examples().values())
    )


def surgery_figures(result: Surgery | None) -> str:
    """Return the figures before and after, and what the operation touched."""
    if result is None:
        return ""
    c = result.after.configuration
    return text.figures(METRICS.values(), result, encoder_spec(c.architecture).layer(c.layer), PHOTO_BITS)
