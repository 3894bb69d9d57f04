"""The messages that each worker takes and sends, as unions."""

from __future__ import annotations

from models.protocol.decoding import (
    Aggregate,
    AggregateReady,
    Cancel,
    Decode,
    Decoded,
    Draw,
    Drawn,
    Encoded,
    EncodeFile,
    EncodeImages,
    Sample,
    SampleTile,
)
from models.protocol.distribution import Curves, CurvesReady, Locate, Located, Probabilities, ProbabilitiesReady
from models.protocol.factors import FactorsMeasured, MeasureFactors
from models.protocol.importing import Inspect, Inspected
from models.protocol.lab import Gradients, GradientsReady
from models.protocol.lifecycle import Alive, Dropped, Failed, Hello, Shutdown
from models.protocol.neighbours import FindNeighbours, NeighboursFound
from models.protocol.opening import (
    DataOpened,
    DataPreviewed,
    Embed,
    Embedded,
    ModelOpened,
    OpenData,
    Opening,
    OpenLive,
    OpenModel,
    PreviewData,
)
from models.protocol.paths import FindWalk, WalkFound, WalkMeasured, WalkProgress
from models.protocol.runs import (
    DiscardRun,
    EmptyTrash,
    ListRuns,
    ReadRun,
    RestoreRun,
    RunDiscarded,
    RunRead,
    RunRestored,
    RunsListed,
)
from models.protocol.training import (
    Adjust,
    CheckpointDelayed,
    CheckpointWritten,
    Control,
    Diverged,
    EpochDone,
    Evaluating,
    FindRuns,
    Finished,
    Progress,
    RunsFound,
    StepShown,
    Train,
    TrainStarted,
)
from models.protocol.trust import Judge, Judged

DecoderRequest = (
    OpenModel | OpenLive | Inspect | OpenData | PreviewData | Embed | Decode | Draw | EncodeImages | EncodeFile
    | Curves | Locate | Probabilities | Aggregate | MeasureFactors | FindNeighbours | Judge | FindWalk | Sample
    | Gradients | Cancel | Shutdown
)  # fmt: skip

DecoderReply = (
    Hello | Alive | Failed | Dropped | ModelOpened | Inspected | Opening | DataPreviewed | DataOpened | Embedded
    | Decoded | Drawn | Encoded | CurvesReady | Located | ProbabilitiesReady | AggregateReady | SampleTile
    | GradientsReady | FactorsMeasured | NeighboursFound | Judged | WalkProgress | WalkFound | WalkMeasured
)  # fmt: skip

TrainerRequest = (
    Train | Control | Adjust | FindRuns | ListRuns | DiscardRun | RestoreRun | EmptyTrash | ReadRun | Shutdown
)  # fmt: skip

TrainerReply = (
    Hello | Alive | Failed | TrainStarted | Progress | EpochDone | Evaluating | CheckpointWritten | CheckpointDelayed
    | Diverged | StepShown | Finished | RunsFound | RunsListed | RunDiscarded | RunRestored | RunRead
)  # fmt: skip

Request = DecoderRequest | TrainerRequest

Reply = DecoderReply | TrainerReply
