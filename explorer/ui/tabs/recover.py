"""The Recover tab: watch a photo being found again from its features, beside what a decoder draws of them."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer import Explorer, UserError
from explorer.encoders.table import encoder_spec
from explorer.experiments.settings import MANY_STEPS, OPTIMISERS, PRIORS, STARTS, Settings
from explorer.measures.baselines import blur_metrics, flat_metrics
from explorer.measures.metrics import METRICS, Metrics
from explorer.pictures.plots import recovery_curve
from explorer.reconstruction import Reconstruction, Recovery
from explorer.recovering import search_start, suited
from explorer.results.recoveries import find_recovery
from explorer.ui.answers import bell, ring
from explorer.ui.controls import one_of
from explorer.ui.events import LATEST, QUICK, sentence
from explorer.ui.files import offered_picture
from explorer.ui.pictures import picture
from explorer.ui.searches import Search
from explorer.ui.texts import texts
from explorer.ui.views import Question, Step, Update, View

text, common = texts("recover"), texts("common")
TITLE = text.title
CHART_SECONDS = 2.0
JUDGED_SECONDS = 6.0
SHOWN = [METRICS[key] for key in ("psnr", "lpips", "feature_error", "similarity")]
WAITING = text.queueing
IN_LINK = (
    "prior",
    "seconds",
    "restarts",
    "seed",
    "start",
    "optimiser",
    "smoothness",
    "jitter",
    "large_first",
)
Point = dict[str, Any]  # of a search: figures, steps and search_seconds
EVENT: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build(explorer: Explorer) -> View:
    """Fill the tab being built."""
    usual = Settings()
    with gr.Row(elem_id="recover", equal_height=False):
        with gr.Column(elem_id="recover-pictures"):
            title = gr.HTML(text.heading(None), elem_id="recover-title")
            with gr.Row(elem_classes="triple"):
                sides = {}
                for name, label in text.sides.items():
                    with gr.Column():
                        gr.HTML(text.side(label))
                        sides[name] = picture(name, label)
                original, drawn, recovered = sides.values()
            with gr.Row(elem_id="recover-buttons"):
                start = gr.Button(text.start, variant="primary", size="sm", elem_id="recover-start")
                stop = gr.Button(text.stop, size="sm", elem_id="recover-stop", interactive=False)
            watch = gr.Slider(0, 1, 0, step=1, label=text.watch, elem_id="recover-watch", visible=False)
            figures = gr.HTML(figures_text({}, None), elem_id="recover-figures")
        with gr.Column(elem_id="recover-side"):
            prior = gr.Radio(
                [(text.usual_prior, ""), *((f"{x[0].upper()}{x[1:]}", name) for name, x in PRIORS.items())],
                value="",
                label=text.prior,
                elem_id="recover-prior",
            )
            seconds = gr.Slider(10, 300, 60, step=10, label=text.seconds, elem_id="recover-seconds")
            with gr.Accordion(text.more_settings, open=False, elem_id="recover-settings"):
                restarts = gr.Slider(1, 5, usual.restarts, step=1, label=text.restarts)
                seed = gr.Number(usual.seed, label=text.seed, precision=0, minimum=0)
                gr.HTML(text.for_pixels)
                begin = gr.Dropdown(
                    [(x[0].upper() + x[1:], name) for name, x in STARTS.items()],
                    value=usual.start,
                    label=text.begin,
                    filterable=False,
                    elem_id="recover-begin",
                )
                optimiser = gr.Dropdown(
                    [("Adam", OPTIMISERS[0]), ("L-BFGS", OPTIMISERS[1])],
                    value=usual.optimiser,
                    label=text.optimiser,
                    filterable=False,
                    elem_id="recover-optimiser",
                )
                smoothness = gr.Number(usual.total_variation, label=text.smoothness, minimum=0)
                jitter = gr.Slider(0, 16, usual.jitter, step=1, label=text.jitter)
                coarse = gr.Checkbox(usual.coarse_to_fine, label=text.coarse)
            curve = gr.Plot(show_label=False, elem_id="recover-curve")

    known = gr.State(None)  # the Search of what is on the page
    begun = bell()
    chosen = [prior, seconds, restarts, seed, begin, optimiser, smoothness, jitter, coarse]
    progress = [recovered, figures, curve, start, stop, watch]

    def show(question: Question, *values: Any) -> Update:
        """Show the photo and what a trained decoder makes of the layer; the search begins at a click."""
        before: Search | None = values[-1]
        if before and before.question.about == question.about:
            return {}  # the settings are others, for the next search
        if before:
            before.superseded = True
        rival, search = trained(question), Search(question)
        search.rivals = rivals_of(question, rival)
        made = find_recovery(question.photo.digest, question.configuration)
        search.frames = [(step, offered_picture(frame)) for step, frame in made.frames] if made else []
        return {
            title: text.heading(question.configuration),
            original: offered_picture(question.photo.crop),
            drawn: offered_picture(rival.reconstruction) if rival else None,
            recovered: search.frames[-1][1] if made else None,
            figures: figures_text(search.rivals, made and made.points[-1], text.beforehand),
            curve: recovery_curve(made.points) if made else None,
            known: search,
        } | ready(search)

    def empty() -> Update:
        pictures = {original: None, drawn: None, recovered: None, curve: None, known: None}
        texts = {title: text.heading(None), figures: figures_text({}, None)}
        return pictures | texts | ready(None)

    def ready(search: Search | None) -> Update:
        """Return what can be done while nothing runs: start, or look at the last search again."""
        frames = search.frames if search else []
        again = gr.Slider(0, max(1, len(frames) - 1), value=len(frames) - 1, visible=len(frames) > 1)
        return {start: gr.Button(interactive=True), stop: gr.Button(interactive=False), watch: again}

    def trained(question: Question) -> Reconstruction | None:
        """Return the picture of the decoder that the judge prefers, judged; None: none was measured."""
        best = explorer.results().preferred(explorer.engine.ready_beside(question.configuration))
        return explorer.judged(explorer.reconstruct(question.photo, best)) if best else None

    def rivals_of(question: Question, rival: Reconstruction | None) -> dict[str, Metrics]:
        c, photo01 = question.configuration, question.photo.photo01
        size = encoder_spec(c.architecture).layer(c.layer).size
        found = {text.flat: flat_metrics(photo01), text.blur.format(size=size): blur_metrics(photo01, size)}
        return found | ({text.by(rival.configuration): rival.metrics} if rival else {})

    def set_off(search: Search | None) -> Update:
        """Let the search run, if it does not yet."""
        if search is None:
            return {figures: common.alert(common.no_photo)}
        if search.running:
            return gr.skip()
        search.running, search.stopped, search.frames = True, False, []
        return {figures: common.note(WAITING), start: gr.Button(interactive=False), begun: ring()}

    def run(search: Search, *values: Any) -> Iterator[Update]:
        """Search until the time is up or it is stopped, showing what is found on the way.

        Every update names all that the search shows: Gradio sends what differs from the one before, and the
        page changes that one in place, which it may not have shown yet.
        """
        if search.superseded:
            search.running = False
            yield gr.skip()
            return
        question = search.question
        running = {start: gr.Button(interactive=False), stop: gr.Button(interactive=True)}
        running |= {watch: gr.Slider(visible=False)}
        shown = {recovered: None, figures: common.note(WAITING), curve: None} | running
        yield shown
        try:
            points, told, asked, found = [], 0.0, 0.0, None
            wanted = settings(suited(explorer.engine, question.configuration, values[0]), *values[1:])
            begins = search_start(explorer.engine, question.configuration, wanted)
            for share in explorer.prepare([begins] if begins else []):
                if search.ended:
                    break
                yield shown | {figures: common.fitting(share)}
            started = (question.photo, question.configuration, wanted)
            for found in () if search.ended else explorer.recover(*started):  # it would fit to the end first
                if search.ended:
                    break
                now = time.perf_counter()
                if now - asked > JUDGED_SECONDS:
                    asked, found = now, replace(found, result=explorer.judged(found.result))
                points.append(point(found))
                path = offered_picture(found.result.reconstruction)
                search.keep(found.steps, path)
                shown |= {recovered: path, figures: figures_text(search.rivals, points[-1])}
                if found.done or now - told > CHART_SECONDS:
                    told = now
                    shown |= {curve: recovery_curve(points)}
                yield shown
            if found and not found.done and not search.superseded:
                found = replace(found, result=explorer.judged(found.result))
            state = text.stopped if search.stopped else text.finished
            shown |= {figures: figures_text(search.rivals, found and point(found), state)}
        except Exception as error:
            shown |= {figures: common.alert(sentence(error, "the tab recover"))}
        finally:
            search.running = False
        # Gradio ends by sending once more what was yielded last
        yield gr.skip() if search.superseded else shown | ready(search)

    def end(search: Search | None) -> None:
        if search:
            search.stopped = True

    def look_again(search: Search | None, number: float) -> Update:
        if search is None or not 0 <= int(number) < len(search.frames):
            return gr.skip()
        step, path = search.frames[int(number)]
        return {recovered: gr.update(value=path, alt_text=text.at_step.format(step=step))}

    def refused(search: Search | None) -> Update:
        """Say why on Gradio's own message, and let the visitor try again."""
        if search:
            search.running = False
        return {figures: figures_text(search.rivals if search else {}, None)} | ready(search)

    start.click(set_off, known, [figures, start, begun], queue=False, **EVENT)
    # its own queue: a minute's search must not keep the other tabs' visitors waiting. And "multiple": Gradio
    # would drop the event while the search before it, which another question has ended, still ends.
    event = EVENT | {"concurrency_id": "recover", "concurrency_limit": 1, "trigger_mode": "multiple"}
    searching = begun.change(run, [known, *chosen], progress, **event)
    searching.failure(refused, known, [figures, start, stop, watch], **QUICK)
    stop.click(end, known, None, queue=False, **EVENT)
    watch.input(look_again, [known, watch], recovered, **LATEST)
    step = Step(show, [title, original, drawn, *progress, known], memory=[known])
    choices = {part: one_of(part) for part in (prior, begin, optimiser)}
    kinds = choices | {coarse: {"True": True, "False": False}.__getitem__}
    return View(
        [step],
        empty,
        inputs=chosen,
        triggers=[part.input for part in chosen],
        in_address={name: (part, kinds.get(part, float)) for name, part in zip(IN_LINK, chosen, strict=True)},
        shows=lambda *asked: [],
        running=known,
        interrupt=end,
    )


def settings(
    usual: Settings,
    seconds: float,
    restarts: float,
    seed: float,
    start: str,
    optimiser: str,
    smoothness: float,
    jitter: float,
    coarse: bool,
) -> Settings:
    """Return what the components say. Raises UserError for a number that is missing or out of range."""
    if None in (seconds, smoothness, jitter, restarts, seed):
        raise UserError(text.number_missing)
    found = replace(usual, steps=MANY_STEPS, seconds=float(seconds), restarts=int(restarts), seed=int(seed))
    if found.prior != "pixels":
        return found
    return replace(
        found,
        start=start,
        optimiser=optimiser,
        total_variation=float(smoothness),
        jitter=int(jitter),
        coarse_to_fine=bool(coarse),
    )


def point(found: Recovery) -> Point:
    return found.to_dict() | {"search_seconds": found.seconds}


def figures_text(rivals: dict[str, Metrics], reached: Point | None, state: str = text.running) -> str:
    """Return how far the recovery has come, and the figures of what it is compared with, by name."""
    return text.figures(SHOWN, rivals, reached, state, PRIORS)
