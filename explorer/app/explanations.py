"""What each pane shows, in one paragraph with its formula, and what the pointer does there."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from explorer.views.common.pane import Pane


class Explanation(NamedTuple):
    """The formula of a pane, a paragraph about it, and what mouse and wheel do over it."""

    formula: str
    text: str
    pointer: str


EXPLANATIONS: dict[str, Explanation] = {
    "Latent map": Explanation(
        "q(z|x) = N(μ(x), diag σ²(x))",
        "Each dot is an image of the data: the encoder has described it by a few numbers z, and the dot stands at "
        "their mean μ. Images that look alike lie close together. The dashed rings are one, two and three standard "
        "deviations of the prior p(z), from which new images are drawn. With more than two dimensions the map shows "
        "two of them, or the plane in which the dots spread most. A is the point that is decoded; the ellipses are "
        "one and two standard deviations of the posterior of its image.",
        "Drag A: move it  ·  Click a dot: go to that image  ·  Double-click A: back to μ  ·  Drag beside: pan  ·  "
        "Wheel: zoom",
    ),
    "Decoded": Explanation(
        "x̂ = E[x | z] = decode(z)",
        "The large picture is what the decoder makes of the point z: of each pixel, the mean of p(x|z). Below it are "
        "the image that the point came from, its reconstruction decode(μ), and mean and standard deviation of the "
        "pictures of many draws z = μ + σ·ε. Where the deviation is bright the model is unsure. The line between says "
        "whether posteriors of images reach the point at all.",
        "Choose μ, a sample, or the mean of many draws in the header",
    ),
    "Dimensions": Explanation(
        "KL(q(zᵢ|x) ‖ p(zᵢ)), averaged over the data",
        "Each row is one number of the code z. The grey histogram shows where the images of the data lie in it, the "
        "handle where the point is. Rows are sorted by their KL divergence from the prior, that is by how much they "
        "say about an image; a dimension near 0 nats has collapsed and changes nothing in the picture.",
        "Drag: move one dimension  ·  Double-click: back to μ  ·  Click the number: type it  ·  Click the lock: hold",
    ),
    "Distribution": Explanation(
        "z = μ + σ·ε,  ε ~ N(0, 1)",
        "The reparameterization trick in one dimension: the noise ε is drawn once and held, and z moves with μ and σ, "
        "so that the loss has a gradient in both. From left to right: the density of z, its distribution function "
        "u = F(z), and the path from ε to z with its slopes ∂z/∂μ = 1 and ∂z/∂σ = ε. The bank of 512 frozen draws "
        "slides along when μ or σ is dragged.",
        "Drag a handle: z, ε, u, μ or σ  ·  Double-click a dot: reset it",
    ),
    "Neighbours": Explanation(
        "|z − μₙ|,  |(z − μₙ)/σₙ|,  W₂(q, qₙ),  KL(q ‖ qₙ) + KL(qₙ ‖ q)",
        "Which images of the data lie nearest to the point? All are compared, and in the whole latent space, not on "
        "the map, which shows two directions of it: between z and the mean μₙ of an image, in units of "
        "that image's σₙ, between the two posteriors, or between the decoded picture and the image in pixels.",
        "Click an image: go there  ·  Choose the distance in the header",
    ),
    "Path": Explanation(
        "z(t),  t from 0 to 1",
        "A walk through the latent space, from key point to key point: straight, along the sphere, from image to "
        "image, where the picture changes least, or as a loop. The film shows its frames, and the curves below how "
        "much the picture changes from step to step, how usual the distance from the centre is, how far the nearest "
        "posterior lies, whether the encoder finds the point again in its picture, and whether the nearest images are "
        "of one class. Where a curve jumps, the walk may leave the data.",
        "Drag in the film or the curves: go there  ·  Arrow keys: the next frame  ·  Space: play",
    ),
    "Lab": Explanation(
        "∇θ E[f(z)],  z ~ q(z; θ)",
        "How noisy is the gradient of an expectation when it is estimated from one sample? The pathwise estimator "
        "differentiates through z = μ + σ·ε, the score function weighs ∇ log q(z) by f(z). All have the same mean, "
        "unless marked as biased; what differs is the variance, and with it the number of samples that training "
        "needs.",
        "Choose a preset, or f and the family of z; Run draws samples",
    ),
    "Factors": Explanation(
        "I(zᵢ; v) / H(v)",
        "How much does each dimension tell about each property v of the images? Each cell is their mutual information "
        "as a share of the property's entropy, from 0, nothing, to 1, all of it. The gap at the end of a row is "
        "between the two dimensions that tell most: it is large if one dimension stands for the property alone.",
        "Click a cell: choose factor and dimension  ·  Arrow keys: the next",
    ),
    "Training": Explanation(
        "log p(x) ≥ ELBO = E[log p(x|z)] − β·KL(q(z|x) ‖ p(z))",
        "Training raises the evidence lower bound: the reconstruction should be likely, and the posterior stay close "
        "to the prior. The curves show the bound and its two parts, on images that are trained on and on others that "
        "are not; where the two part, the model has begun to learn images by heart. The strip shows eight images over "
        "their reconstructions by the model on screen.",
        "Start trains on the open data; the epoch slider goes back to an earlier model",
    ),
    "Log": Explanation(
        "",
        "What has happened in this session, in the words of this program. What TensorFlow and other libraries wrote "
        "is folded below: it is of use in reports of faults.",
        "Select text to copy it",
    ),
}  # fmt: skip


def explain(panes: tuple[Pane, ...]) -> None:
    """Give every pane its explanation, for Shift+F1 and the Help menu, and its line for the status bar."""
    for pane in panes:
        explanation = EXPLANATIONS[pane.windowTitle()]
        # The bar of a pane lies beside it, in its dock.
        for part in (pane, pane.bar):
            part.setWhatsThis(as_html(pane.windowTitle(), explanation))
        pane.setStatusTip(explanation.pointer)


def as_html(title: str, explanation: Explanation) -> str:
    """Return an explanation as rich text."""
    formula = f"<p><big>{escape(explanation.formula)}</big></p>" if explanation.formula else ""
    return f"<h3>{escape(title)}</h3>{formula}<p>{escape(explanation.text)}</p>"
