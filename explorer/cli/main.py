"""The command line. Only ``click`` and the table of settings are imported here; each command imports what it needs.

Spawned workers import this module, too, and the window must open within a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from explorer import __version__
from explorer.cli.data_options import data_options, taken
from explorer.cli.exit_codes import EXIT_BROKEN_PIPE, EXIT_ERROR, EXIT_INTERRUPTED
from explorer.cli.import_options import import_options
from explorer.cli.labs import LABS
from explorer.cli.paths import walk
from explorer.cli.questions import QUESTIONS
from explorer.cli.setting_options import setting_options
from models.core.files import is_there

DEBUG_VARIABLE = "LATENTSCAPE_DEBUG"
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that are there already.")


class OpeningGroup(click.Group):
    """A command group that opens its arguments in the window if the first is a file rather than a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve ``args`` to a command; UsageError if the first word is neither a command nor a file."""
        if self.get_command(ctx, args[0]) is None:
            if not is_there(args[0]):
                raise click.UsageError(f"no such command or file: {args[0]!r}; --help lists the commands")
            args = ["open", *args]
        return super().resolve_command(ctx, args)


@click.group(cls=OpeningGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="latentscape")
@click.pass_context
def cli(ctx: click.Context) -> int:
    """Explore the latent space of variational autoencoders. Without a command, open the window."""
    if ctx.invoked_subcommand is not None:
        return 0
    from explorer.cli.window import open_window

    return open_window([])


@cli.command("open")
@click.argument("files", nargs=-1)
@click.option(
    "--latents", help="Codes (.npz, .npy, .csv) to explore with a model or alone: z or mu, sigma and labels if known."
)
@click.option("--images", default="", help="Data set of the images of these codes: as many, in the same order.")
@click.option("--table", default="", help="Columns and labels of the codes (.csv), one row for each.")
def open_command(files: tuple[str, ...], latents: str | None, images: str, table: str) -> int:
    """Open models, data sets or pictures in the window."""
    from explorer.cli.window import open_window

    return open_window(files, latents, images, table)


@cli.command(hidden=True)
def live() -> int:
    """Open the window on the model of a Python process: latentscape.explore starts this."""
    from explorer.cli.window import open_live

    return open_live()


@cli.command(short_help="Save screenshots and timings of a tour.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for screenshots and timings.")
@click.option("--size", default="1440x900", show_default=True, help="Window size in pixels.")
@click.option("--scheme", type=click.Choice(["dark", "light"]), help="Colour scheme; by default the system's.")
@click.option(
    "--families",
    default="Gamma,StudentT,Beta,TruncatedNormal,VonMises,NormalMixture",
    show_default=True,
    help="Families to drag on the workbench.",
)
@click.option(
    "--moves",
    default=300,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Moves of the point; with fewer it is over sooner, and the figures are less certain.",
)
@overwrite_option
def tour(out: Path, size: str, scheme: str | None, families: str, moves: int, overwrite: bool) -> int:
    """Run a scripted tour of the window and save screenshots and timings."""
    from explorer.cli.window import run_guided_tour

    return run_guided_tour(out, size, scheme, families, moves, overwrite)


@cli.command(short_help="Train a model.")
@click.argument("data")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Model file to write (.safetensors).")
@data_options
@setting_options
@click.option("--start", metavar="MODEL", help="Start with the weights and the network of this model.")
@click.option("--history", type=click.Path(path_type=Path), help="Also write the curves to this .csv or .json file.")
@click.option("--logdir", type=click.Path(path_type=Path), help="Also write a TensorBoard log to this folder.")
@click.option(
    "--strategy", type=click.Choice(["mirrored", "multiworker"]), help="All local devices, or the cluster of TF_CONFIG."
)
@click.option(
    "--memory-limit",
    default=1024,
    show_default=True,
    type=click.IntRange(0),
    help="Stream training images beyond this many MiB.",
)
@click.option(
    "--resume", is_flag=True, help="Continue a run from its checkpoints, with more --epochs also one that is complete."
)
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def train(data: str, **options: Any) -> int:  # noqa: ANN401
    """Train a VAE on DATA: a bundled name, sprites:N, a file or a folder of images. Ctrl-C stops and saves."""
    from explorer.cli.science import Data
    from explorer.cli.train import How, Outputs, run_training

    outputs = Outputs(*(options.pop(name) for name in ("out", "history", "logdir", "as_json", "overwrite")))
    context = click.get_current_context()
    given = frozenset(n for n in options if context.get_parameter_source(n) is not click.core.ParameterSource.DEFAULT)
    read_by = taken(options)
    how = How(given=given, **{name: options.pop(name) for name in ("resume", "memory_limit", "strategy", "start")})
    return run_training(Data(data, read_by), outputs, how, options)


@cli.group(invoke_without_command=True, short_help="List, discard and restore trainings of the window.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as one JSON object.")
@click.pass_context
def runs(ctx: click.Context, as_json: bool) -> int:
    """List the trainings of the window with their date, model, data, epochs, state and size; and those in the trash."""
    if ctx.invoked_subcommand is not None:
        return 0
    from explorer.cli.runs import print_runs

    return print_runs(as_json)


@runs.command("discard", short_help="Move runs to the trash.")
@click.argument("names", nargs=-1, required=True)
def discard_runs(names: tuple[str, ...]) -> int:
    """Move the runs NAMES, as they are listed, to the trash, where they stay for 30 days."""
    from explorer.cli.runs import discard

    return discard(names)


@runs.command("restore", short_help="Take runs back from the trash.")
@click.argument("names", nargs=-1, required=True)
def restore_runs(names: tuple[str, ...]) -> int:
    """Take the runs NAMES, as they are listed, back from the trash."""
    from explorer.cli.runs import restore

    return restore(names)


@runs.command("empty-trash", short_help="Remove all of the trash for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def empty_trash(yes: bool) -> int:
    """Remove all runs in the trash for good."""
    from explorer.cli.runs import empty

    return empty(yes)


@cli.command(short_help="Export a model to Keras.")
@click.argument("model")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File for the whole model (.keras).")
@click.option(
    "--output",
    type=click.Choice(["image", "logits"]),
    default="image",
    show_default=True,
    help="Output of the decoder.",
)
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def export(model: str, out: Path, output: str, overwrite: bool, as_json: bool) -> int:
    """Export MODEL to Keras: OUT, OUT-encoder and OUT-decoder, which load without Latentscape."""
    from explorer.cli.export import export_model

    return export_model(model, out, output, overwrite, as_json)


@cli.command("import", short_help="Make a model file of other people's models.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Model file to write (.safetensors).")
@import_options
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def import_command(files: tuple[Path, ...], out: Path, overwrite: bool, as_json: bool, **options: Any) -> int:  # noqa: ANN401
    """Make OUT of the model in FILES: one file, or an encoder and a decoder. What is not said is guessed."""
    from explorer.cli.importing import import_files

    return import_files(files, out, options, overwrite, as_json)


@cli.command(short_help="Decode samples from the prior.")
@click.argument("model")
@click.option("-n", "count", default=64, show_default=True, help="Number of samples.")
@click.option("--seed", default=0, show_default=True, help="Seed of the samples.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for pictures and latents.")
@click.option("--zoom", default=4, show_default=True, type=click.IntRange(1, 64), help="Output pixels per image pixel.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def sample(model: str, count: int, seed: int, out: Path, zoom: int, overwrite: bool, as_json: bool) -> int:
    """Decode samples from the prior of MODEL into PNG files that carry their latents."""
    from explorer.cli.sample import sample_prior

    return sample_prior(model, count, seed, out, zoom, overwrite, as_json)


@cli.command(short_help="Write the posterior of every image.")
@click.argument("model")
@click.argument("data")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File for the latents (.npz or .csv).")
@data_options
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def encode(model: str, data: str, out: Path, overwrite: bool, as_json: bool, **options: Any) -> int:  # noqa: ANN401
    """Write the posterior of every image in DATA: mu and sigma [n, d], labels and names if there are any."""
    from explorer.cli.encode import encode_data
    from explorer.cli.science import Data

    return encode_data(model, Data(data, taken(options)), out, overwrite, as_json)


@cli.command(short_help="Decode latents into pictures.")
@click.argument("model")
@click.argument("latents", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the pictures.")
@click.option("--zoom", default=4, show_default=True, type=click.IntRange(1, 64), help="Output pixels per image pixel.")
@overwrite_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def decode(model: str, latents: Path, out: Path, zoom: int, overwrite: bool, as_json: bool) -> int:
    """Decode LATENTS (z or mu in an .npz file, or an .npy file) into PNG files that carry them."""
    from explorer.cli.decode import decode_latents

    return decode_latents(model, latents, out, zoom, overwrite, as_json)


@cli.command(short_help="Describe a file, or evaluate a model.")
@click.argument("file")
@click.option("--evaluate", "data", metavar="DATA", help="Evaluate the model on the test images of this data set.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def info(file: str, data: str | None, as_json: bool, **options: Any) -> int:  # noqa: ANN401
    """Describe a model, a data set or a picture that carries its latent."""
    from explorer.cli.science import Data

    read_by = taken(options)
    if data is not None:
        from explorer.cli.evaluate import evaluate_model

        return evaluate_model(file, Data(data, read_by), as_json)
    from explorer.cli.info import describe

    return describe(Data(file, read_by), as_json)


for command in (walk, *QUESTIONS, *LABS):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; report any error in one line on standard error."""
    from multiprocessing import freeze_support

    freeze_support()
    _take_any_text()
    try:
        code = cli.main(args=arguments, prog_name="latentscape", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes again at exit; that must not raise.
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
    """Return the message for ``error``: its own text if the input is to blame, else that of an internal error."""
    from models.core.errors import UserError

    if isinstance(error, UserError | ValueError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory for this"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return f"internal error: {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the traceback)"


def _complain(message: str, code: int) -> int:
    from models.core.text import printable

    click.echo(f"latentscape: {printable(' '.join(message.split()))}", err=True)
    return code


def _take_any_text() -> None:
    """Let standard output and error take every character: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
