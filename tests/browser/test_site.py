"""The page without a server, in a real Chromium: figures, photos, views, faults; nothing leaves it."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from explorer.measures.metrics import METRICS
from explorer.photos.photo import read_photo
from tests.browser.conftest import (
    DESKTOP,
    RESULT_MS,
    Visit,
    open_site,
    playwright,
    wait_until,
)
from tests.serving import ROOT
from tests.site_server import SiteServer, serve_folder

EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.jpg"))
CAT = ROOT / "assets" / "examples" / "cat.jpg"
WEIGHTS = "/encoders/alexnet-imagenet.safetensors"


@pytest.fixture(scope="module")
def opened(site: SiteServer, chromium):
    """A page as it opens, for tests that ask its scripts."""
    page = chromium.new_page(**DESKTOP)
    found = Visit(page, site.address)
    open_site(found)
    yield found
    page.close()


def upload(visit: Visit, path: Path) -> None:
    visit.page.locator("#file").set_input_files(path)


def expect_alert(visit: Visit, text: str) -> None:
    playwright.expect(visit.page.locator("#message")).to_contain_text(text, timeout=RESULT_MS)


ASK = """async ({ url, verb, argument }) => {
    const { Engine } = await import("./static/engine.js");
    const { decode } = await import("./static/photo.js");
    const site = await (await fetch("site.json")).json();
    window.engine ??= new Engine(site);
    if (verb === "photo") {
        const photo = await decode(await (await fetch(url)).blob(), site);
        return Array.from(await window.engine.ask("photo", photo, [photo]));
    }
    const found = await window.engine.ask(verb, argument);
    return ArrayBuffer.isView(found) ? Array.from(found) : { ...found, picture: null };
}"""


def ask(visit: Visit, verb: str, argument=None, url: str = ""):
    """Ask a worker of the page's, which answers in plain data."""
    return visit.page.evaluate(ASK, {"url": url, "verb": verb, "argument": argument})


def offered(site: SiteServer) -> dict[str, dict[str, str]]:
    """The configuration that each layer is shown with at first."""
    rows = json.loads((site.folder / "site.json").read_text())["configurations"]
    return {row["layer"]: row for row in reversed(rows)}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_figures_of_every_layer_are_those_of_the_server(opened, site, explorer, path):
    crop = np.array(ask(opened, "photo", url=f"examples/{path.name}")).reshape(224, 224, 3)
    difference = np.abs(crop - np.asarray(read_photo(path).crop, dtype=int))
    assert difference.mean() < 0.05, "the crop is not the server's"
    for layer, names in offered(site).items():
        found = ask(opened, "draw", {"configuration": names, "change": None})
        expected = explorer.reconstruct(path, **names).metrics
        assert found["psnr"] == pytest.approx(expected.psnr, abs=0.02), layer
        assert found["ssim"] == pytest.approx(expected.ssim, abs=0.002), layer


def test_feature_maps_are_those_of_the_server(opened, site, explorer):
    ask(opened, "photo", url="examples/cat.jpg")
    for layer, names in offered(site).items():
        expected = explorer.features(CAT, architecture="alexnet", layer=layer).values
        found = np.array(ask(opened, "features", names)).reshape(expected.shape)
        assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


def test_the_page_opens_with_a_picture_and_the_servers_figures(opened, site, explorer):
    expected = explorer.reconstruct(EXAMPLES[0], **offered(site)["conv3"]).metrics
    for key in ("psnr", "ssim", "lpips"):
        shown = float(opened.page.locator(f"#card-{key} b").inner_text())
        assert shown == pytest.approx(expected[key], abs=0.02)
        assert opened.page.locator(f"#card-{key} .reading").inner_text() == METRICS[key].read(expected[key])
    assert opened.complaints == opened.foreign == []


def test_nothing_can_be_sent_to_another_machine(site_visit, tmp_path):
    open_site(site_visit)
    upload(site_visit, CAT)
    wait_until(site_visit, "!location.search.includes('example')")
    assert site_visit.foreign == []
    with serve_folder(tmp_path) as other:
        send = f"fetch('{other.address}', {{ mode: 'no-cors' }}).then(() => 'sent', () => 'refused')"
        asked = (site_visit.page, *site_visit.page.workers)
        assert [one.evaluate(send) for one in asked] == ["refused"] * 2
        assert other.asked == []


@pytest.mark.parametrize("site_visit", [DESKTOP], indirect=True)
def test_after_the_first_visit_it_works_without_a_network(site_visit):
    open_site(site_visit)
    site_visit.page.evaluate("navigator.serviceWorker.ready")
    site_visit.page.reload()
    open_site(site_visit)
    site_visit.page.context.set_offline(True)
    open_site(site_visit, "?layer=conv3&example=astronaut")
    assert float(site_visit.page.locator("#card-psnr b").inner_text()) > 10


@pytest.mark.parametrize("site_visit", [DESKTOP], indirect=True)
def test_the_page_is_light_beside_the_runtime_and_its_networks(site_visit, site):
    open_site(site_visit)
    light = [path for path in set(site.asked) if not path.startswith(("/encoders", "/decoders"))]
    light = [path for path in light if not path.endswith(".wasm")]
    sizes = {path: (site.folder / (path.lstrip("/") or "index.html")).stat().st_size for path in light}
    assert sum(sizes.values()) < 500_000, sizes


def test_depth_moves_by_keyboard_and_the_link_opens_the_same_view(site_visit):
    open_site(site_visit)
    site_visit.page.locator("#layer").focus()
    site_visit.page.keyboard.press("ArrowRight")
    site_visit.expect_text("#result-title", "AlexNet conv4")
    query = parse_qs(urlsplit(site_visit.page.url).query)
    assert (query["architecture"], query["layer"]) == (["alexnet"], ["conv4"])
    shown = site_visit.psnr()
    open_site(site_visit, f"?{urlsplit(site_visit.page.url).query}")
    assert site_visit.psnr() == shown
    open_site(
        site_visit, "?architecture=vgg16&layer=block5&decoder=wavelet&loss=hybrid&example=cat&tab=depth"
    )
    assert site_visit.page.locator("#result-title").inner_text().startswith("Seen through AlexNet")
    site_visit.expect_text("#note", "nearest")


def test_two_decoders_stand_side_by_side_and_features_can_be_changed(site_visit, explorer):
    open_site(site_visit, "?example=cat&layer=conv1")
    before = site_visit.psnr()
    site_visit.page.locator("#b_decoder").select_option("linear/mse")
    linear = explorer.reconstruct(CAT, architecture="alexnet", layer="conv1", decoder="linear").metrics.psnr
    site_visit.expect_text("#beside figcaption", f"{linear:.1f}")
    site_visit.page.locator("#b_decoder").select_option("")
    for operation in ("quantise", "noise", "drop", "mask"):
        site_visit.page.locator("#operation").select_option(operation)
        if operation == "mask":
            site_visit.page.get_by_text("Erase the middle").click()
        site_visit.expect_text("#beside figcaption", f"Untouched: PSNR {before:.2f}")
        wait_until(site_visit, f"+document.querySelector('#card-psnr b').innerText < {before}")


def test_a_channel_is_chosen_from_the_mosaic_or_by_keyboard(site_visit):
    open_site(site_visit)
    first = site_visit.page.locator("#map-title").inner_text()
    site_visit.page.locator("#mosaic").click(position={"x": 100, "y": 20})
    assert site_visit.page.locator("#map-title").inner_text() != first
    site_visit.page.locator("#rank").focus()
    site_visit.page.keyboard.press("Home")
    assert site_visit.page.locator("#map-title").inner_text() == first


def test_the_lesson_moves_the_controls(site_visit):
    open_site(site_visit, "?tab=learn&step=2")
    site_visit.expect_text("#reading", "What a shallow layer keeps")
    site_visit.expect_text("#looks", "made without the network of this step")
    wait_until(site_visit, "location.search.includes('example=rocket')")
    site_visit.page.locator("#steps [data-step='3']").click()
    site_visit.expect_text("#reading", "What pooling throws away")
    wait_until(site_visit, "location.search.includes('example=cat')")


def test_a_photo_is_turned_as_its_camera_says_and_a_large_one_is_taken(site_visit, explorer, tmp_path):
    open_site(site_visit, "?layer=conv1&decoder=linear")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(CAT).save(tmp_path / "turned.jpg", exif=exif)
    Image.open(CAT).resize((7300, 5500)).save(tmp_path / "large.jpg", quality=60)
    for name in ("turned.jpg", "large.jpg"):
        before = site_visit.psnr()
        upload(site_visit, tmp_path / name)
        wait_until(site_visit, f"+document.querySelector('#card-psnr b').innerText != {before}")
        expected = explorer.reconstruct(
            tmp_path / name, architecture="alexnet", layer="conv1", decoder="linear"
        )
        assert site_visit.psnr() == pytest.approx(expected.metrics.psnr, abs=0.05)


def test_a_file_that_is_no_usable_photo_gets_its_own_sentence(site_visit, tmp_path):
    open_site(site_visit)
    unusable = [
        (
            "words.jpg",
            lambda path: path.write_text("no picture " * 20),
            "words.jpg is damaged or in no format",
        ),
        ("dot.png", lambda path: Image.new("RGB", (8, 8)).save(path), "dot.png is 8 × 8 pixels"),
        ("line.png", lambda path: Image.new("RGB", (3200, 40)).save(path), "at most 20 times"),
        ("wall.png", lambda path: Image.new("1", (10001, 10001)).save(path), "more than 100 megapixels"),
    ]
    before = site_visit.psnr()
    for name, save, sentence in unusable:
        save(tmp_path / name)
        upload(site_visit, tmp_path / name)
        expect_alert(site_visit, sentence)
        assert site_visit.psnr() == before
    upload(site_visit, CAT)
    wait_until(site_visit, "document.querySelector('#message').hidden")


@pytest.mark.parametrize("site_visit", [DESKTOP], indirect=True)
@pytest.mark.parametrize(
    "content, sentence", [(None, "could not be loaded"), (b"no weights", "arrived damaged")]
)
def test_a_network_that_is_missing_or_damaged_is_told_and_asked_for_again(
    site_visit, site, content, sentence
):
    site.instead[WEIGHTS] = content
    site_visit.page.goto(site_visit.address)
    expect_alert(site_visit, sentence)
    site.instead.clear()
    site_visit.page.locator("[data-example=cat]").click()
    site_visit.page.locator("#card-lpips b", has_text=".").wait_for(timeout=RESULT_MS)
    assert site_visit.page.locator("#message").is_hidden()


@pytest.mark.parametrize("site_visit", [DESKTOP | {"service_workers": "block"}], indirect=True)
def test_a_browser_without_simd_is_told_so(site_visit, site):
    source = (site.folder / "static" / "networks.js").read_text()
    site.instead["/static/networks.js"] = source.replace("const SIMD = [0,", "const SIMD = [1,").encode()
    site_visit.page.goto(site_visit.address)
    expect_alert(site_visit, "no WebAssembly SIMD")
