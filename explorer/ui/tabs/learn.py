"""The Learn tab: a lesson of eight steps that sets the controls and shows what they give."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import OPTIMISATION, Configuration
from explorer.encoders.table import encoder_spec
from explorer.experiments.bits import PHOTO_BITS
from explorer.measures.agreement import CLASSIFIER
from explorer.measures.metrics import METRICS, Metrics
from explorer.pictures.feature_maps import FeatureMaps
from explorer.reconstruction import Reconstruction
from explorer.results.measured import Results
from explorer.results.privacy import Study
from explorer.results.recoveries import find_recovery
from explorer.ui import views
from explorer.ui.events import QUICK, wanted
from explorer.ui.files import offered_picture
from explorer.ui.pictures import gallery, picture
from explorer.ui.static_files import script
from explorer.ui.texts import texts
from explorer.ui.texts.lesson import STEPS, Step, step_at
from explorer.ui.views import Jump, Question, Update, View

text, common = texts("learn"), texts("common")
TITLE = text.title
MAPS = 16
NO_STUDY = Study()
PHOTO_NUMBERS = PHOTO_BITS // 8
FIGURES = [METRICS[key] for key in ("psnr", "lpips")]
GO = script("learn")
CURVE_WIDTH, CURVE_HEIGHT, CURVE_TOP = 520, 130, 45  # in the units of its drawing; the top is in dB
Taken = dict[tuple[str, Configuration], float]


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    first = STEPS[0]
    study = Study.read(explorer.engine.folder / "privacy.json")
    with gr.Column(elem_id="learn"):
        steps = gr.HTML(steps_html(1), js_on_load=GO, apply_default_css=False, elem_id="learn-steps")
        with gr.Column(elem_id="learn-read"):
            reading = gr.HTML(reading_html(1), elem_id="learn-text")
            looks = gr.Radio(
                [look.label for look in first.looks],
                label=text.look_at,
                show_label=False,
                container=False,
                elem_id="learn-looks",
            )
            network = gr.HTML(js_on_load=script("stops"), apply_default_css=False, elem_id="learn-network")
        with gr.Column(elem_id="learn-result"):
            title = gr.HTML(common.result_title(None), elem_id="learn-title", elem_classes="answer")
            with gr.Row(elem_classes="pair"):
                original = picture("learn-original", text.original)
                reconstruction = picture("learn-reconstruction", text.reconstruction)
            figures = gr.HTML(figures_html(None), elem_id="learn-figures", elem_classes="answer")
            proof = gr.HTML(elem_id="learn-proof", elem_classes="answer")
            with gr.Column(elem_id="learn-beside", visible=first.beside) as beside_part:
                gr.HTML(text.beside())
                beside = gallery("learn-every", columns=3)
            with gr.Column(elem_id="learn-twin", visible=first.twin is not None) as twin_part:
                about_twin = gr.HTML(elem_classes="answer")
                twin = gallery("learn-pair", columns=2)
            with gr.Column(elem_id="learn-maps", visible=first.maps) as maps_part:
                about_maps = gr.HTML(maps_html(None), elem_id="learn-maps-text", elem_classes="answer")
                strip = picture("learn-strip", text.strip)
        with gr.Column(elem_id="learn-think"):
            thinking = gr.HTML(thinking_html(first, explorer.results(), study), elem_id="learn-question")
            with gr.Row(elem_id="learn-buttons"):
                more = gr.Button(open_text(first), size="sm", elem_id="learn-more")
                for handout, label in text.to_print.items():
                    options = {"link": handout, "link_target": "_blank"}
                    gr.Button(label, size="sm", elem_id=f"learn-{handout}", **options)

    shown = gr.State(None)  # the Configuration on the page
    layer = gr.State("")  # the one clicked in the drawing of the network
    number = gr.State(1)
    taken = gr.State({})  # {(photo, configuration): PSNR in dB}, of every look of this visitor
    of_step = [steps, reading, looks, thinking, more, maps_part, beside_part, twin_part]

    def show(question: Question, wanted: int) -> Update:
        """Show what the controls give."""
        c = question.configuration
        result = explorer.reconstruct(question.photo, c)
        return {
            looks: gr.Radio(value=label_of(step_at(wanted), c)),
            title: common.result_title(result),
            original: offered_picture(result.original),
            reconstruction: offered_picture(result.reconstruction),
            figures: figures_html(result.metrics),
            network: network_html(explorer, c),
            shown: c,
        }

    def show_maps(question: Question, wanted: int) -> Update:
        """Show the feature maps, if the step is about them."""
        if not step_at(wanted).maps:
            return {}
        maps = explorer.features(question.photo, question.configuration)
        return {about_maps: maps_html(maps), strip: offered_picture(maps.mosaic(per_page=MAPS))}

    def prove(question: Question, wanted: int, before: Taken) -> Update:
        """Show the curve of the looks taken so far, or what the network says from the features."""
        c, photo, step = question.configuration, question.photo, step_at(wanted)
        if not step.curve:
            return {proof: ""}
        result = explorer.reconstruct(photo, c)
        seen = before | {(photo.digest, c): result.metrics.psnr}
        of_photo = {c: psnr for (digest, c), psnr in seen.items() if digest == photo.digest}
        said = ""
        if (c.architecture, c.weights) == (CLASSIFIER, "imagenet"):  # its guesses are made of these features
            said = text.meaning(explorer.agreement(result).original[:3])
        return {taken: seen, proof: curve_html(step, of_photo) + said}

    def show_beside(question: Question, wanted: int) -> Update:
        """Show the pictures of all looks of a step, if it is about what differs between them."""
        step = step_at(wanted)
        if not step.beside:
            return {}
        ready = [look for look in step.looks if look.configuration in explorer.catalogue().entries]
        found = [explorer.reconstruct(question.photo, look.configuration) for look in ready]
        captions = [
            (offered_picture(x.reconstruction), text.caption.format(label=look.label, psnr=decibels(x)))
            for look, x in zip(ready, found, strict=True)
        ]
        return {beside: gr.update(value=captions)}

    def show_twin(question: Question, wanted: int) -> Update:
        """Show another picture with nearly the photo's features, if the step is about it and there is one."""
        place = step_at(wanted).twin
        if place is None:
            return {}
        found = find_recovery(question.photo.digest, Configuration(*place, OPTIMISATION, "features"))
        pictures = (question.photo.crop, found.frames[-1][1]) if found else ()
        said = text.twin(encoder_spec(place[0]).title, place[1], found and found.points[-1])
        shown = zip(map(offered_picture, pictures), text.twin_captions, strict=False)
        return {about_twin: said, twin: gr.update(value=list(shown), visible=bool(found))}

    def empty() -> Update:
        pictures = {original: None, reconstruction: None, strip: None, looks: gr.Radio(value=None)}
        pictures |= {beside: None, twin: None, about_twin: "", proof: "", taken: {}}
        pictures |= {network: "", shown: None}
        texts = {title: common.result_title(None), figures: figures_html(None), about_maps: maps_html(None)}
        return pictures | texts

    def at_step(wanted: int) -> Update:
        """Return the texts of a step, and its looks without a mark: that comes with the result."""
        step = step_at(wanted)
        return {
            steps: steps_html(STEPS.index(step) + 1),
            reading: reading_html(STEPS.index(step) + 1),
            looks: gr.Radio([look.label for look in step.looks]),
            thinking: thinking_html(step, explorer.results(), study),
            more: gr.Button(open_text(step), visible=step.tab is not None),
            maps_part: gr.Column(visible=step.maps),
            beside_part: gr.Column(visible=step.beside),
            twin_part: gr.Column(visible=step.twin is not None),
        }

    def go(asked: str) -> Update:
        found = number_in(asked)
        return {number: found} | at_step(found)

    picked = network.click(str, network, layer, **wanted("learn-network"))
    gone = steps.click(go, steps, [number, *of_step], **wanted("learn-steps"))
    number.change(at_step, number, of_step, **QUICK)  # a permalink sets it, too
    jumps = [
        (gone.then, [number], begin),
        (looks.input, [number, looks], look_at),
        (picked.then, [shown, layer], look_deeper),
        (more.click, [number], lambda wanted: Jump(step_at(wanted).tab)),
    ]
    answer = [
        views.Step(show, [looks, network, shown, title, original, reconstruction, figures]),
        views.Step(show_maps, [about_maps, strip]),
        views.Step(prove, [taken, proof], memory=[taken]),
        views.Step(show_beside, [beside]),
        views.Step(show_twin, [about_twin, twin]),
    ]
    return View(
        answer,
        empty,
        inputs=[number],
        jumps=jumps,
        in_address={"step": (number, int)},
        opens=lambda asked: begin(number_in(asked.get("step"))),
    )


def number_in(text: Any) -> int:
    """Return the number of a step from its text, that of the first for anything else."""
    return int(text) if str(text).isdecimal() else 1


def begin(number: int) -> Jump:
    """Return the jump to where a step begins; a photo of the learner's own stays."""
    step = step_at(number)
    return Jump(None, step.start, step.example, keeps_own=True)


def label_of(step: Step, c: Configuration) -> str | None:
    """Return the label of the look that the controls stand on, None for another configuration."""
    return next((look.label for look in step.looks if look.configuration == c), None)


def look_deeper(c: Configuration | None, layer: str) -> Jump:
    """Return the jump to another layer of the network on the page."""
    return Jump(configuration=replace(c, layer=layer) if c else None)


def network_html(explorer: Explorer, c: Configuration) -> str:
    """Return a network's layers as a drawing, the one that is looked at marked."""
    spec, names = encoder_spec(c.architecture), explorer.catalogue().layers(c.architecture, c.weights)
    return text.network([spec.layer(name) for name in names], c.layer)


def look_at(wanted: int, label: str) -> Jump:
    """Return the jump to one of a step's looks; it leaves the photo as it is."""
    return Jump(configuration={look.label: look.configuration for look in step_at(wanted).looks}.get(label))


def open_text(step: Step) -> str:
    return text.open_in.format(tab=(step.tab or "").capitalize())


def steps_html(current: int) -> str:
    """Return the list of steps, the current one marked, between the buttons to the one before and after."""
    return text.steps(STEPS, current)


def reading_html(number: int) -> str:
    """Return what there is to read and to do in a step."""
    return text.reading(step_at(number), number, len(STEPS))


def thinking_html(step: Step, results: Results, study: Study = NO_STUDY) -> str:
    """Return a step's question; its answer, with what was measured of its looks, opens on demand."""
    return text.thinking(step, [measured(step, results), study_html(study) if step.study else ""])


def study_html(study: Study) -> str:
    """Return the privacy study as a table, and how to read it; nothing without any."""
    return text.study(study.photos, *study.table()) if study.rows else ""


def measured(step: Step, results: Results) -> str:
    """Return the mean figures of a step's looks over the test photos as a table; nothing without any."""
    found = [(look.label, results.row(look.configuration)) for look in step.looks]
    rows = [(label, row.mean) for label, row in found if row]
    return text.measured(results.protocol.get("photos", "the"), FIGURES, rows) if len(rows) > 1 else ""


def curve_html(step: Step, seen: Mapping[Configuration, float]) -> str:
    """Return the PSNR of the looks at one network that were taken, {configuration: dB}, as a curve."""
    looks = [x for x in step.looks if x.configuration.architecture == step.start.architecture]
    apart = CURVE_WIDTH / max(1, len(looks) - 1)
    points = []
    for index, look in enumerate(looks):
        psnr = seen.get(look.configuration)
        height = CURVE_HEIGHT * min(psnr or 0, CURVE_TOP) / CURVE_TOP
        points.append((look.label, psnr, round(60 + apart * index, 1), round(160 - height, 1)))
    return text.curve(points)


def decibels(result: Reconstruction) -> str:
    return METRICS["psnr"].with_unit(result.metrics.psnr)


def figures_html(metrics: Metrics | None) -> str:
    """Return PSNR and LPIPS, each with what it means; without figures they keep their size."""
    return text.figures(FIGURES, metrics)


def maps_html(maps: FeatureMaps | None) -> str:
    """Return the label of the strip of feature maps: how many numbers they are, beside those of the photo."""
    return text.maps(maps, MAPS, PHOTO_NUMBERS)
