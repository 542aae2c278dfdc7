"""The storms of two versions as a picture: who is refused, and how long the others wait."""

import math
from collections.abc import Mapping

from bench.billing.picture import IMAGES
from bench.crowd.suite import Figures


def draw(versions: Mapping[str, Figures]) -> None:
    """Draw `docs/images/storm.png`: a bar for each storm and version."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(next(iter(versions.values())))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained", sharey=True)
    height = 0.8 / len(versions)
    for number, (version, figures) in enumerate(versions.items()):
        places = [at + number * height for at in range(len(names))]
        of = [figures.get(name, {}) for name in names]
        refused = [100 * each.get("refused", 0) / each.get("tried", 1) for each in of]
        p95 = [each.get("p95 ms", math.nan) for each in of]
        left.barh(places, refused, height, label=version)
        right.barh(places, p95, height, label=version)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_xlabel("refused, %")
    right.set_xlabel("95 % wait at most, ms")
    right.set_xscale("log")
    for axes in (left, right):
        axes.grid(alpha=0.3, axis="x")
    right.legend()
    figure.savefig(IMAGES / "storm.png", dpi=110, metadata={"Software": None})
    plt.close(figure)
