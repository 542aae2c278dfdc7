"""Draw the pictures of `docs/run/cost.md` and `docs/run/scale.md`."""

from collections.abc import Mapping, Sequence

from bench.harness import ROOT

IMAGES = ROOT / "docs" / "images"


def draw(panels: Sequence[tuple[str, Sequence[int], Mapping[str, Sequence[float]]]]) -> None:
    """Draw USD for 1,000 listener-hours: one panel for each x axis, one line for each design."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, all_axes = plt.subplots(1, len(panels), figsize=(10, 4), layout="constrained")
    for axes, (what, sizes, curves) in zip(all_axes, panels, strict=True):
        for name, dollars in curves.items():
            style = "--" if name == "floor" else "-"
            axes.plot(sizes, dollars, marker="o", linestyle=style, label=name)
        axes.set(xscale="log", ylim=(0, 1.6), xlabel=what)
        axes.set_xticks(list(sizes), [str(size) for size in sizes])
        axes.set_ylabel("USD for 1,000 listener-hours")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(IMAGES / "cost.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def save_lines(
    name: str,
    sizes: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    labels: tuple[str, str],
) -> None:
    """Draw lines on two logarithmic axes, without infinite values."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for label, values in curves.items():
        axes.plot(sizes, values, marker=".", label=label)
    axes.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(IMAGES / name, dpi=110, metadata={"Software": None})
    plt.close(figure)
