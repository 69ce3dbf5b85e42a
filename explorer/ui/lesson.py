"""The guided lesson as data: eight steps, each with a text, something to do, a question and its answer.

Texts are HTML that uses <dfn> for a term where it is first explained. They hold no measured figures: those
come from what is on the page and from results.json.
"""

from dataclasses import dataclass

from explorer.configurations import Configuration


@dataclass(frozen=True)
class Look:
    """One setting of the controls that a step asks to look at."""

    label: str
    configuration: Configuration


@dataclass(frozen=True)
class Step:
    """One step. It starts with its first look at the example photo called `example`.

    `maps` says that the feature maps are shown, `table` that the worksheet asks for the figures of every
    look; `tab` is the name of a tab that shows more, and `study` says that the privacy study is shown.
    """

    name: str
    title: str
    text: str
    task: str
    question: str
    answer: str
    example: str
    looks: tuple[Look, ...]
    maps: bool = False
    table: bool = False
    tab: str | None = None
    study: bool = False

    @property
    def start(self) -> Configuration:
        return self.looks[0].configuration


def _look(
    label: str, layer: str, decoder: str = "pixel_shuffle", loss: str = "mse", weights: str = "imagenet"
) -> Look:
    return Look(label, Configuration("vgg16", layer, decoder, loss, weights))


STEPS = (
    Step(
        name="Feature maps",
        title="What is a feature map?",
        text=(
            "A network looks at your photo through many small pattern detectors, its <dfn>filters</dfn>. "
            "One may react to edges that lean to the right, another to orange. Each filter slides over the "
            "whole photo and notes, place by place, how strongly it reacts. These notes form a picture of "
            "their own: a <dfn>feature map</dfn>, also called a <dfn>channel</dfn>. One stage of the "
            "network, a <dfn>layer</dfn>, makes many of them. To say what is in the photo, the network has "
            "nothing but these maps."
        ),
        task="Switch between the layers and watch the feature maps below the pictures.",
        question=(
            "Can you find a map that marks edges, and one that marks bright areas? What changes in deeper "
            "layers?"
        ),
        answer=(
            "Each tile is one map: dark is its lowest value, light its highest. In a shallow layer most "
            "maps look like the photo drawn with one kind of pencil: edges here, bright areas there. Deeper "
            "down the maps are smaller, there are more of them, and each lights up in a few spots only, as "
            "if to say: here is what I look for. Nobody wrote down what each filter should look for. It was "
            "learned from photos."
        ),
        example="astronaut",
        looks=(_look("block1", "block1"), _look("block2", "block2"), _look("block3", "block3")),
        maps=True,
        tab="explore",
    ),
    Step(
        name="Shallow layer",
        title="What a shallow layer keeps",
        text=(
            "Turning features back into a photo is called <dfn>feature inversion</dfn>. A second program, "
            "the <dfn>decoder</dfn>, has practised it on many photos: it saw the features and had to draw "
            "the photo they came from. The network that made the features did not change meanwhile; it is "
            "<dfn>frozen</dfn>. How close the drawing comes, pixel by pixel, is measured as <dfn>PSNR</dfn> "
            "in decibels (dB): more is closer. This step starts at block1, the first layer that can be "
            "opened here."
        ),
        task="Compare three decoders that read the same features. The linear map is the simplest of them.",
        question=(
            "Can you tell the reconstruction from the original? If even the simplest decoder brings the "
            "photo back, what does that say about the layer?"
        ),
        answer=(
            "A shallow layer throws almost nothing away. Its maps together even hold more numbers than the "
            "photo: edges, colours and thin lines are all still there, only written down differently. A "
            "better decoder comes closer with the very same features. Keep that in mind for the deeper "
            "layers: a poor drawing does not prove that something is gone. Perhaps this decoder cannot read "
            "it."
        ),
        example="rocket",
        looks=(
            _look("Linear map", "block1", "linear", "mse"),
            _look("Transposed convolutions", "block1", "transposed_conv", "mse"),
            _look("Pixel shuffle", "block1"),
        ),
        maps=True,
    ),
    Step(
        name="Pooling",
        title="What pooling throws away",
        text=(
            "The network here, VGG16, ends every block with <dfn>max pooling</dfn>: of four neighbouring "
            "numbers in a map only the largest stays. The map becomes half as wide and half as high. That "
            "is useful: a cat remains a cat when it moves by a pixel, and small maps are quick to work "
            "with. But what the other three numbers were, and which of the four was the largest, is gone. "
            "After some blocks one place in a map stands for a whole patch of the photo."
        ),
        task="Go from block1 to block3. Watch thin lines: whiskers, fur, the rim of the eye.",
        question=(
            "Which details go first, and which stay? Why does a network that only has to say “cat” not miss "
            "them?"
        ),
        answer=(
            "What depends on exact places goes first: whiskers, fur, sharp rims. Large shapes stay, because "
            "they are larger than a patch. Read the size of the maps above them: each pooling halves their "
            "width and their height. The network makes up for part of it with more maps, so this is not "
            "simply a smaller photo."
        ),
        example="cat",
        looks=tuple(_look(name, name) for name in ("block1", "block2", "block3")),
        maps=True,
    ),
    Step(
        name="Depth",
        title="Why depth hurts",
        text=(
            "Every block plays the same game again: filter, keep what helps, pool. A deep layer no longer "
            "describes how the photo looks but what is in it. The exact colour, the light and the texture "
            "do not help to name a cup, so the network has learned to ignore them: it is "
            "<dfn>invariant</dfn> to them. The decoder must draw them all the same, and can only guess. "
            "Drawn over depth, the quality of the reconstruction is a curve that falls."
        ),
        task="Go through all five blocks and note the PSNR of each. The Depth tab shows them side by side.",
        question="Between which two blocks does the PSNR fall most? Is it the same for another photo?",
        answer=(
            "Decibels count in ratios: with every six that are lost, the error doubles. What is drawn from "
            "the deepest block is a blur of the main colours. Yet not everything is gone: from these very "
            "features the network can still say what it sees. It kept the meaning and let go of the looks."
        ),
        example="coffee",
        looks=tuple(_look(f"block{i}", f"block{i}") for i in range(1, 6)),
        table=True,
        tab="depth",
    ),
    Step(
        name="Training",
        title="Trained against random",
        text=(
            "Is it training that makes a network forget? Scientists answer such a question with a "
            "<dfn>control</dfn>: the same experiment with one thing changed. Here it is a network of the "
            "same shape whose numbers, its <dfn>weights</dfn>, were drawn by lot. It has never seen a "
            "photo, and its filters look for nothing in particular: they just mix pixels. The decoders of "
            "both networks were made in the same way, so what differs comes from the training of the "
            "network."
        ),
        task="Guess first: from which of the two does more of the photo come back? Then switch between them.",
        question="Which one wins, and did you expect it? Which of the two would you ask what is in a photo?",
        answer=(
            "Mixed pixels can be unmixed again as long as there are enough different mixtures, even if they "
            "were mixed by lot. A trained network does more than mix: it chooses. It has learned which "
            "differences matter for naming things, and it drops others. Forgetting is not a fault then. It "
            "is a part of what it has learned."
        ),
        example="dahlia",
        looks=(
            _look("Trained", "block3", "linear", "mse"),
            _look("Random weights", "block3", "linear", "mse", "random"),
        ),
        table=True,
        tab="compare",
    ),
    Step(
        name="Pixels or eye",
        title="Right pixels or the right look?",
        text=(
            "A decoder learns from marks: a rule, its <dfn>loss</dfn>, says how wrong a drawing is. "
            "<dfn>MSE</dfn> compares pixel with pixel. A decoder that does not know where exactly an edge "
            "was then does best with a blur, as a sharp edge in the wrong place costs more. "
            "<dfn>LPIPS</dfn> asks another network how alike two pictures look. There a blur is expensive, "
            "so the decoder draws sharp texture, even if it is not the right one. <dfn>Hybrid</dfn> is half "
            "of each."
        ),
        task=(
            "Compare three decoders that differ only in the rule that marked them. Look at the sky, and "
            "watch both figures."
        ),
        question=(
            "Which picture has the best PSNR, which the best LPIPS, and which would you show a friend? Who "
            "should be the judge?"
        ),
        answer=(
            "PSNR is MSE in other units, so the MSE decoder wins there. Marked by LPIPS alone, the colours "
            "are off and fine dots cover everything: a judge of looks is a poor teacher on its own, and this "
            "decoder does not even win by its own rule. The mixture does: it has the best LPIPS, and looks "
            "best to many. No single number is the truth: every rule rewards its own kind of picture, so ask "
            "what a decoder was marked for before you trust its figures."
        ),
        example="pagoda",
        looks=(
            _look("MSE", "block1", "transposed_conv", "mse"),
            _look("LPIPS", "block1", "transposed_conv", "lpips"),
            _look("Hybrid", "block1", "transposed_conv", "hybrid"),
        ),
        table=True,
        tab="compare",
    ),
    Step(
        name="Made up",
        title="What the decoder makes up",
        text=(
            "Many different photos have nearly the same deep features. The decoder cannot know which of "
            "them it was, so it fills the gap with what is usual in the photos it practised on: its "
            "<dfn>prior</dfn>. Marked by pixels, it fills in an average, which we see as blur. Marked by "
            "looks, it fills in texture, and that can be pure invention: a <dfn>hallucination</dfn>. It "
            "looks like knowledge but is a guess. Programs that sharpen faces or enlarge photos have the "
            "same problem."
        ),
        task="Look at the empty sky: what was drawn there? Then switch to the decoder that plays safe.",
        question=(
            "Which parts of the reconstruction would you accept as evidence of what was in the photo? How "
            "could you check them without the original?"
        ),
        answer=(
            "The pattern in the empty sky was never in the photo. A decoder marked by looks draws such "
            "things where it has little to go on; the one marked by pixels leaves the place blurred, which "
            "is more honest. To check without the original, use several decoders and believe only what all "
            "of them draw. With the original, the error map in the Explore tab shows at once what is wrong."
        ),
        example="rocket",
        looks=(
            _look("Marked by looks", "block5", "pixel_shuffle", "hybrid"),
            _look("Marked by pixels", "block5"),
            _look("By looks, one layer up", "block4", "pixel_shuffle", "hybrid"),
        ),
        tab="explore",
    ),
    Step(
        name="My photo",
        title="Could someone read my photo from these features?",
        text=(
            "Some apps send features instead of photos and say that this protects you. Getting the photo "
            "back from them is called an <dfn>inversion attack</dfn>, and you have the attacker’s tools "
            "before you. From a shallow layer a face comes back as it was. From a deep one it may not, with "
            "this decoder, today. But a decoder that fails proves nothing: a better one may come. And it "
            "takes no pretty picture to give a person away."
        ),
        task="Find the deepest layer from which you would still know this person. Then try other photos.",
        question=(
            "What gives a person away apart from the face? What would you send if an app needs to know only "
            "whether there is a cat in the photo?"
        ),
        answer=(
            "Hair, clothes or the room may be enough to know who it is. And whoever trains a decoder on "
            "many photos of you can do better than the one here. So treat features with the care that you "
            "would give the photo. Protection means sending less: a deeper layer, fewer maps, rounded or "
            "noisy numbers, or best of all just the answer, “cat” or “no cat”. The Surgery tab shows what "
            "rounding and noise cost."
        ),
        example="astronaut",
        looks=(
            *(_look(name, name, "transposed_conv", "hybrid") for name in ("block1", "block2", "block3")),
            *(_look(name, name, "pixel_shuffle", "hybrid") for name in ("block4", "block5")),
        ),
        tab="surgery",
        study=True,
    ),
)


def step_at(number: int) -> Step:
    """Return the step with a number, counted from 1; the nearest one if there is none."""
    return STEPS[min(max(1, number), len(STEPS)) - 1]
