"""The language between the window and its worker processes: frozen dataclasses, NumPy only.

Every request carries an ``id`` chosen by the sender, every reply repeats it. Arrays are C-contiguous; images are
float32 [n, height, width, channels] with values in 0–1 unless said otherwise. Errors are data: :class:`Failed`.
"""

from __future__ import annotations

from models.protocol.decoding import (
    Aggregate,
    AggregateReady,
    Cancel,
    DataOpened,
    Decode,
    Decoded,
    Draw,
    Drawn,
    Embed,
    Embedded,
    EmbeddingSummary,
    Encoded,
    EncodeFile,
    EncodeImages,
    ModelOpened,
    OpenData,
    OpenModel,
    Sample,
    SampleTile,
)
from models.protocol.descriptions import (
    ESTIMATORS,
    LATENT_FAMILIES,
    LIKELIHOODS,
    PROTOCOL_VERSION,
    SCHEDULES,
    ControlAction,
    DataInfo,
    Estimator,
    Family,
    FinishReason,
    Floats32,
    Floats64,
    InputError,
    LatentFamily,
    Likelihood,
    ModelInfo,
    Role,
    SampleSource,
    Schedule,
    Terms,
    TrainSettings,
)
from models.protocol.families import (
    FAMILY_PARAMETERS,
    LATENT_VARIANCES,
    STANDARD_NORMAL,
    Parameter,
    latent_member,
    usual_family,
    with_parameter,
)
from models.protocol.history import (
    EpochRecord,
    UnfinishedRun,
)
from models.protocol.lab import (
    NO_SCORE,
    OBJECTIVES,
    Continuous,
    Discrete,
    ElboPoint,
    Estimates,
    Gradients,
    GradientsReady,
    Objective,
    Problem,
)
from models.protocol.life import (
    Dropped,
    Failed,
    Hello,
    Shutdown,
)
from models.protocol.training import (
    CheckpointDelayed,
    CheckpointWritten,
    Control,
    Diverged,
    EpochDone,
    FindRuns,
    Finished,
    Progress,
    RunsFound,
    Train,
    TrainStarted,
)
from models.protocol.triad import (
    Anchor,
    Curves,
    CurvesReady,
    Grip,
    Locate,
    Located,
    Numbers,
    Place,
    Probabilities,
    ProbabilitiesReady,
)

DecoderRequest = (
    OpenModel | OpenData | Embed | Decode | Draw | EncodeImages | EncodeFile | Curves | Locate
    | Probabilities | Aggregate | Sample | Gradients | Cancel | Shutdown
)  # fmt: skip
DecoderReply = (
    Hello | Failed | Dropped | ModelOpened | DataOpened | Embedded | Decoded | Drawn | Encoded | CurvesReady
    | Located | ProbabilitiesReady | AggregateReady | SampleTile | GradientsReady
)  # fmt: skip
TrainerRequest = Train | Control | FindRuns | Shutdown
TrainerReply = (
    Hello | Failed | TrainStarted | Progress | EpochDone | CheckpointWritten | CheckpointDelayed | Diverged
    | Finished | RunsFound
)  # fmt: skip
Request = DecoderRequest | TrainerRequest
Reply = DecoderReply | TrainerReply

__all__ = [
    "ESTIMATORS",
    "FAMILY_PARAMETERS",
    "LATENT_FAMILIES",
    "LATENT_VARIANCES",
    "LIKELIHOODS",
    "NO_SCORE",
    "OBJECTIVES",
    "PROTOCOL_VERSION",
    "SCHEDULES",
    "STANDARD_NORMAL",
    "Aggregate",
    "AggregateReady",
    "Anchor",
    "Cancel",
    "CheckpointDelayed",
    "CheckpointWritten",
    "Continuous",
    "Control",
    "ControlAction",
    "Curves",
    "CurvesReady",
    "DataInfo",
    "DataOpened",
    "Decode",
    "Decoded",
    "DecoderReply",
    "DecoderRequest",
    "Discrete",
    "Diverged",
    "Draw",
    "Drawn",
    "Dropped",
    "ElboPoint",
    "Embed",
    "Embedded",
    "EmbeddingSummary",
    "EncodeFile",
    "EncodeImages",
    "Encoded",
    "EpochDone",
    "EpochRecord",
    "Estimates",
    "Estimator",
    "Failed",
    "Family",
    "FindRuns",
    "FinishReason",
    "Finished",
    "Floats32",
    "Floats64",
    "Gradients",
    "GradientsReady",
    "Grip",
    "Hello",
    "InputError",
    "LatentFamily",
    "Likelihood",
    "Locate",
    "Located",
    "ModelInfo",
    "ModelOpened",
    "Numbers",
    "Objective",
    "OpenData",
    "OpenModel",
    "Parameter",
    "Place",
    "Probabilities",
    "ProbabilitiesReady",
    "Problem",
    "Progress",
    "Reply",
    "Request",
    "Role",
    "RunsFound",
    "Sample",
    "SampleSource",
    "SampleTile",
    "Schedule",
    "Shutdown",
    "Terms",
    "Train",
    "TrainSettings",
    "TrainStarted",
    "TrainerReply",
    "TrainerRequest",
    "UnfinishedRun",
    "latent_member",
    "usual_family",
    "with_parameter",
]
