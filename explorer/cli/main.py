"""The command line. Only ``click`` is imported here: every command imports what it needs when it runs.

Spawned workers import this module again, and the window is to be there in a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 1
DEBUG_VARIABLE = "LATENTSCAPE_DEBUG"
COUNT = click.IntRange(0)


class OpeningGroup(click.Group):
    """A group for which a first argument that is no command is a file to be opened in the window."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of ``args``; UsageError for a word that is neither a command nor a file."""
        if self.get_command(ctx, args[0]) is None:
            if not Path(args[0]).exists():
                raise click.UsageError(f"there is no command and no file {args[0]!r}; --help lists the commands")
            args = ["open", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=OpeningGroup, invoke_without_command=True)
@click.version_option(package_name="latentscape", prog_name="latentscape")
@click.pass_context
def cli(ctx: click.Context) -> int:
    """Explore the latent space of variational autoencoders; without a command, in a window."""
    if ctx.invoked_subcommand is not None:
        return 0
    from explorer.cli.window import open_window

    return open_window([])


@cli.command("open")
@click.argument("files", nargs=-1)
def open_command(files: tuple[str, ...]) -> int:
    """Open the window with models, data sets or pictures."""
    from explorer.cli.window import open_window

    return open_window(files)


@cli.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for pictures and timings.")
@click.option("--size", default="1440x900", show_default=True, help="Size of the window in pixels.")
@click.option("--scheme", type=click.Choice(["dark", "light"]), help="Colours; the system's by default.")
def tour(out: Path, size: str, scheme: str | None) -> int:
    """Run the real window through the main job and write pictures and timings."""
    from explorer.cli.window import run_guided_tour

    return run_guided_tour(out, size, scheme)


@cli.command()
@click.argument("data")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The model file, .safetensors.")
@click.option("--epochs", default=50, show_default=True)
@click.option("--latent-dim", default=50, show_default=True)
@click.option("--hidden", default="256,128", show_default=True, help="Units of the encoder's layers.")
@click.option("--network", default="dense", show_default=True, help="dense, or conv: convolutions before those layers.")
@click.option("--channels", default="32,32,64", show_default=True, help="Of the convolutions, each halves the image.")
@click.option("--likelihood", default="bernoulli", show_default=True, help="bernoulli, continuous_bernoulli, gaussian")
@click.option("--beta", default=1.0, show_default=True, help="Weight of the KL term.")
@click.option("--beta-schedule", default="constant", show_default=True, help="constant, warmup, cyclic: β rises.")
@click.option("--beta-epochs", default=10.0, show_default=True, help="Epochs of the rise of β, or of one cycle.")
@click.option("--posterior", default="Normal", show_default=True, help="Of q: Normal, Laplace, Logistic, StudentT.")
@click.option("--prior", default="Normal", show_default=True, help="Of p(z), from the same families.")
@click.option("--objective", default="elbo", show_default=True, help="elbo, elbo_mc (KL by draws), stl, iwae, dreg.")
@click.option("--samples", default=1, show_default=True, help="Draws of z for each image and step.")
@click.option("--free-bits", default=0.0, show_default=True, help="Nats of KL that are free in each dimension.")
@click.option("--batch-size", default=128, show_default=True)
@click.option("--learning-rate", default=1e-3, show_default=True)
@click.option("--schedule", default="constant", show_default=True, help="Of the learning rate: constant, cosine.")
@click.option("--warmup-epochs", default=0.0, show_default=True, help="Epochs during which the learning rate rises.")
@click.option("--average", default=0.999, show_default=True, help="Decay of the moving average of the weights.")
@click.option("--seed", default=0, show_default=True)
@click.option("--early-stopping-patience", default=0, show_default=True, help="Epochs to wait for a better test loss.")
@click.option("--min-delta", default=0.0, show_default=True, help="What a better test loss has to gain, in nats.")
@click.option("--restore-best-weights", is_flag=True, help="Keep the weights of the epoch with the lowest test loss.")
@click.option("--history", type=click.Path(path_type=Path), help="Also write the curves, to a .csv or .json file.")
@click.option("--logdir", type=click.Path(path_type=Path), help="Also write a log for TensorBoard into this folder.")
@click.option("--strategy", type=click.Choice(["mirrored", "multiworker"]), help="All devices, or those of TF_CONFIG.")
@click.option("--memory-limit", default=1024, show_default=True, type=COUNT, help="MiB beyond which data is streamed.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoints of an interrupted run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def train(data: str, **options: Any) -> int:  # noqa: ANN401
    """Train a VAE on DATA: a bundled name, sprites:N, .npz, .npy, IDX, TFRecord, a folder. Ctrl-C stops and keeps."""
    from explorer.cli.train import How, Outputs, run_training

    outputs = Outputs(*(options.pop(name) for name in ("out", "history", "logdir", "as_json")))
    context = click.get_current_context()
    given = frozenset(n for n in options if context.get_parameter_source(n) is not click.core.ParameterSource.DEFAULT)
    how = How(given=given, **{name: options.pop(name) for name in ("resume", "memory_limit", "strategy")})
    return run_training(data, outputs, how, options)


@cli.command()
@click.argument("model")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file of the whole model, .keras.")
@click.option("--output", type=click.Choice(["image", "logits"]), default="image", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def export(model: str, out: Path, output: str, as_json: bool) -> int:
    """Write MODEL for Keras: OUT, OUT-encoder and OUT-decoder, which need nothing of Latentscape."""
    from explorer.cli.export import export_model

    return export_model(model, out, output, as_json)


@cli.command()
@click.argument("model")
@click.option("-n", "count", default=64, show_default=True, help="Number of samples.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for pictures and latents.")
@click.option("--zoom", default=4, show_default=True, type=click.IntRange(1, 64), help="Pixels per pixel.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def sample(model: str, count: int, seed: int, out: Path, zoom: int, as_json: bool) -> int:
    """Decode samples of the prior of MODEL to PNG files that carry their latents."""
    from explorer.cli.sample import sample_prior

    return sample_prior(model, count, seed, out, zoom, as_json)


@cli.command()
@click.argument("model")
@click.argument("data")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file of latents, .npz.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def encode(model: str, data: str, out: Path, as_json: bool) -> int:
    """Write the posterior of every image of DATA: mu and sigma [n, d], and labels where there are any."""
    from explorer.cli.encode import encode_data

    return encode_data(model, data, out, as_json)


@cli.command()
@click.argument("model")
@click.argument("latents", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the pictures.")
@click.option("--zoom", default=4, show_default=True, type=click.IntRange(1, 64), help="Pixels per pixel.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def decode(model: str, latents: Path, out: Path, zoom: int, as_json: bool) -> int:
    """Decode LATENTS (z or mu of a .npz, or a .npy) to PNG files that carry them."""
    from explorer.cli.decode import decode_latents

    return decode_latents(model, latents, out, zoom, as_json)


@cli.command()
@click.argument("file")
@click.option("--evaluate", "data", metavar="DATA", help="Judge the model on the test images of this data set.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(file: str, data: str | None, as_json: bool) -> int:
    """Describe a model, a data set or a picture that carries its latent."""
    if data is not None:
        from explorer.cli.evaluate import evaluate_model

        return evaluate_model(file, data, as_json)
    from explorer.cli.info import describe

    return describe(file, as_json)


@cli.command()
@click.option(
    "--f",
    "objective",
    type=click.Choice(["quadratic", "cosine", "bump", "elbo", "discrete"]),
    default="quadratic",
    show_default=True,
    help="(z − k)², cos kz, exp(−kz²), a model's ELBO, or a choice.",
)
@click.option("--k", type=float, help="The number k in f; 0, of a cosine 5, of a bump 10.")
@click.option("--family", default="Normal", show_default=True, help="Family of z.")
@click.option("--parameters", default="", help="Its parameters, e.g. loc=1,scale=2; those of the Lab where left out.")
@click.option("--theta", default=0.5, show_default=True, help="Discrete: P(b = 1).")
@click.option("--target", default=0.45, show_default=True, help="Discrete: t in (b − t)².")
@click.option("--temperature", default=0.5, show_default=True, help="Discrete: τ of the Concrete.")
@click.option("--model", default="mnist-vae-50", show_default=True, help="ELBO: a model file or bundled model.")
@click.option("--data", default="mnist_10k", show_default=True, help="ELBO: the data set of the image.")
@click.option("--image", default=0, show_default=True, help="ELBO: which image; it is looked at where z = μ.")
@click.option("--dim", default=0, show_default=True, help="ELBO: the latent dimension.")
@click.option("--samples", default=10_000, show_default=True, help="Single-sample gradients of every estimator.")
@click.option("--seed", default=7, show_default=True, help="Seed of the noise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gradients(**options: Any) -> int:  # noqa: ANN401
    """Compare estimators of the gradient of E[f(z)]: mean, variance and cost of single samples."""
    from explorer.cli.gradients import compare_estimators

    return compare_estimators(options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every error is one line on standard error."""
    from multiprocessing import freeze_support

    freeze_support()
    try:
        code = cli.main(args=arguments, prog_name="latentscape", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at exit; what is left must not raise there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted", EXIT_INTERRUPTED)
    except click.ClickException as error:
        return _complain(error.format_message(), EXIT_ERROR)
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        return _complain(_message(error), EXIT_ERROR)
    return code if isinstance(code, int) else 0


def _message(error: Exception) -> str:
    """Return what to tell of ``error``: its own sentence if it is about the input, else that we are to blame."""
    from models.core.errors import UserError

    if isinstance(error, UserError | ValueError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for that"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return f"internal error: {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the traceback)"


def _complain(message: str, code: int) -> int:
    line = " ".join(message.split())
    click.echo(f"latentscape: {line}", err=True)
    return code
