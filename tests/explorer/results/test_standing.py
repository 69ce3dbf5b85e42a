"""Where a photo stands, on real reconstructions and the bundled results."""

from explorer.results.measured import Results
from explorer.results.standing import standing


def test_a_photo_stands_where_the_test_photos_put_it(explorer, cat):
    found = explorer.reconstruct(cat, layer="block3", decoder="linear")
    stands = standing(found, explorer.results())
    others = [x["psnr"] for x in explorer.results().row(found.configuration).per_image.values()]
    assert stands.photos == len(others) == 100
    assert stands.percentile["psnr"] == sum(found.metrics.psnr > other for other in others) / 100
    assert stands.size == 28
    assert stands.blur.psnr > found.metrics.psnr  # a linear map of block3 does not beat the thumbnail
    assert 10 < stands.mean_photo["psnr"] < 15
    assert 10 < stands.flat.psnr < found.metrics.psnr
    beside = {"blur", "flat", "usual_blur", "usual_flat", "mean_photo"}
    assert set(stands.to_dict()) == {"size", "percentile", "photos", "collapsed"} | beside


def test_without_results_only_the_blur_is_known(explorer, cat):
    stands = standing(explorer.reconstruct(cat, layer="block3", decoder="linear"), Results())
    assert set(stands.percentile.values()) == set(stands.mean_photo.values()) == {None}
    assert stands.photos == 0
    assert stands.blur.psnr > 15
