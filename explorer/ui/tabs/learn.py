"""The Learn tab: a lesson of eight steps that sets the controls and shows what they give."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from explorer import Explorer
from explorer.configurations import Configuration
from explorer.experiments.bits import PHOTO_BITS
from explorer.measures.metrics import METRICS, Metric, Metrics
from explorer.pictures.feature_maps import FeatureMaps
from explorer.results.measured import Results
from explorer.results.privacy import Study
from explorer.ui.controls import Jump, Question, Update, View
from explorer.ui.files import offered_file
from explorer.ui.pictures import picture
from explorer.ui.texts import labels
from explorer.ui.texts.lesson import STEPS, Step, step_at
from explorer.ui.texts.worksheet import worksheet

TITLE = "Learn"
MAPS = 16
NO_STUDY = Study()
PHOTO_NUMBERS = PHOTO_BITS // 8
FIGURES = [METRICS[key] for key in ("psnr", "lpips")]
GO = """element.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    trigger("click", { step: Number(button.dataset.step) });
    const lesson = document.getElementById("learn");
    if (lesson.getBoundingClientRect().top < 0) lesson.scrollIntoView();
})"""
QUICK: dict[str, Any] = {"preprocess": False, "api_visibility": "private", "queue": False}


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
                label="Look at",
                show_label=False,
                container=False,
                elem_id="learn-looks",
            )
        with gr.Column(elem_id="learn-result"):
            title = gr.HTML(labels.result_title(None), elem_id="learn-title", elem_classes="answer")
            with gr.Row(elem_classes="pair"):
                original = picture("learn-original", "The original photo")
                reconstruction = picture("learn-reconstruction", "The reconstruction from the features")
            figures = gr.HTML(figures_html(None), elem_id="learn-figures", elem_classes="answer")
            with gr.Column(elem_id="learn-maps", visible=first.maps) as maps_part:
                about_maps = gr.HTML(maps_html(None), elem_id="learn-maps-text", elem_classes="answer")
                strip = picture("learn-strip", "The strongest feature maps of the layer")
        with gr.Column(elem_id="learn-think"):
            thinking = gr.HTML(thinking_html(first, explorer.results(), study), elem_id="learn-question")
            with gr.Row(elem_id="learn-buttons"):
                more = gr.Button(open_text(first), size="sm", elem_id="learn-more")
                gr.DownloadButton(
                    "Worksheet to print",
                    value=offered_file("worksheet.html", worksheet().encode()),
                    size="sm",
                    elem_id="learn-worksheet",
                )

    number = gr.State(1)
    of_step = [steps, reading, looks, thinking, more, maps_part]
    outputs = [number, looks, title, original, reconstruction, figures, about_maps, strip]

    def show(question: Question, wanted: int) -> Iterator[Update]:
        """Show what the controls give; then the feature maps, if the step is about them."""
        c = question.configuration
        result = explorer.reconstruct(question.photo, c)
        yield {
            looks: gr.Radio(value=label_of(step_at(wanted), c)),
            title: labels.result_title(result),
            original: result.original,
            reconstruction: result.reconstruction,
            figures: figures_html(result.metrics),
        }
        if step_at(wanted).maps:
            maps = explorer.features(question.photo, c)
            yield {about_maps: maps_html(maps), strip: maps.mosaic(per_page=MAPS)}

    def empty() -> Update:
        pictures = {original: None, reconstruction: None, strip: None, looks: gr.Radio(value=None)}
        texts = {title: labels.result_title(None), figures: figures_html(None), about_maps: maps_html(None)}
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
        }

    def go(event: gr.EventData) -> Update:
        return {number: event.step} | at_step(event.step)

    quick = QUICK | {"show_progress": "hidden"}
    gone = steps.click(go, None, [number, *of_step], **quick)
    number.change(at_step, number, of_step, **quick)  # a permalink sets it, too
    jumps = [
        (gone.then, [number], lambda wanted: Jump(None, step_at(wanted).start, step_at(wanted).example)),
        (looks.input, [number, looks], look_at),
        (more.click, [number], lambda wanted: Jump(step_at(wanted).tab)),
    ]
    return View(show, empty, outputs, inputs=[number], jumps=jumps, in_address={"step": (number, int)})


def label_of(step: Step, c: Configuration) -> str | None:
    """Return the label of the look that the controls stand on, None for another configuration."""
    return next((look.label for look in step.looks if look.configuration == c), None)


def look_at(wanted: int, label: str) -> Jump:
    """Return the jump to one of a step's looks; it leaves the photo as it is."""
    return Jump(configuration={look.label: look.configuration for look in step_at(wanted).looks}.get(label))


def open_text(step: Step) -> str:
    return f"Open in {(step.tab or '').capitalize()}"


def steps_html(current: int) -> str:
    """Return the list of steps, the current one marked, between the buttons to the one before and after."""
    items = "".join(
        f'<li><button type="button" data-step="{number}"{_current(number == current)}>'
        f"<b>{number}</b> <span>{step.name}</span></button></li>"
        for number, step in enumerate(STEPS, start=1)
    )
    return (
        '<nav aria-label="Steps of the lesson">'
        f"{_turn('Previous', '‹', max(1, current - 1), current == 1)}<ol>{items}</ol>"
        f"{_turn('Next', '›', min(len(STEPS), current + 1), current == len(STEPS))}</nav>"
    )


def _current(is_current: bool) -> str:
    return ' aria-current="step"' if is_current else ""


def _turn(text: str, sign: str, target: int, at_end: bool) -> str:
    """Return a button that stays where the keyboard's focus is, also when there is no step to turn to."""
    disabled = ' aria-disabled="true"' if at_end else ""
    return (
        f'<button type="button" class="turn" id="learn-{text.lower()}" data-step="{target}"{disabled}>'
        f'<i aria-hidden="true">{sign}</i><span>{text}</span></button>'
    )


def reading_html(number: int) -> str:
    """Return what there is to read and to do in a step."""
    step = step_at(number)
    return (
        f'<h2><span class="about">Step {number} of {len(STEPS)}</span>{step.title}</h2><p>{step.text}</p>'
        f"<h3>Do</h3><p>{step.task}</p>"
    )


def thinking_html(step: Step, results: Results, study: Study = NO_STUDY) -> str:
    """Return a step's question; its answer, with what was measured of its looks, opens on demand."""
    known = measured(step, results) + (study_html(study) if step.study else "")
    return (
        f"<h3>Think</h3><p>{step.question}</p>"
        f"<details><summary>What you see</summary><p>{step.answer}</p>{known}</details>"
    )


def study_html(study: Study) -> str:
    """Return the privacy study as a table, and how to read it; nothing without any."""
    if not study.rows:
        return ""
    photos, (header, rows) = study.photos, study.table()
    return (
        f"<p>Measured: {photos} photos were sent as features of EfficientNet-Lite0, a network made for "
        "phones, and drawn from them by this page’s decoder. How often a network found the right one among "
        f"all {photos} by the drawing (by chance: {1 / photos:.0%}):</p>{labels.table(header, rows)}"
        "<p>Noise of 1× is as large as the numbers usually vary.</p>"
    )


def measured(step: Step, results: Results) -> str:
    """Return the mean figures of a step's looks over the test photos as a table; nothing without any."""
    rows = [
        (look.label, *(metric.format(row.mean.get(metric.key)) for metric in FIGURES))
        for look in step.looks
        if (row := results.row(look.configuration))
    ]
    if len(rows) < 2:
        return ""
    photos = results.protocol.get("photos", "the")
    return labels.table([f"Mean of {photos} test photos", *(metric.heading for metric in FIGURES)], rows)


def figures_html(metrics: Metrics | None) -> str:
    """Return PSNR and LPIPS, each with what it means; without figures they keep their size."""
    return f'<dl aria-label="Figures">{"".join(map(partial(_figure, metrics), FIGURES))}</dl>'


def _figure(metrics: Metrics | None, metric: Metric) -> str:
    value = metrics.get(metric.key) if metrics else None
    return (
        f'<div><dt><abbr title="{metric.full_name}">{metric.name}</abbr></dt> '
        f'<dd><b data-metric="{metric.key}">{metric.format(value)}</b> '
        f'<span class="unit">{metric.beside}</span> <span class="direction">'
        f'<span aria-hidden="true">{metric.arrow} </span>{metric.direction}</span></dd>'
        f'<dd class="reading">{metric.read(value)}</dd></div>'
    )


def maps_html(maps: FeatureMaps | None) -> str:
    """Return the label of the strip of feature maps: how many numbers they are, beside those of the photo."""
    if maps is None:
        return "<h2>Feature maps</h2>"
    numbers = maps.channels * maps.height * maps.width
    return (
        "<h2>Feature maps</h2>"
        f'<p class="about">{maps.channels} maps of {maps.height}×{maps.width} are {numbers:,} numbers; the '
        f"photo is {PHOTO_NUMBERS:,}. Here are the {min(MAPS, maps.channels)} strongest:</p>"
    )
