"""Exceptions that name the thing at fault, what was expected, and a remedy.

Every error of mmseaice that a user can cause derives from
:class:`MMSeaIceError` and reads the same way::

    data/20180607T184326_dmi_prep.nc: expected variable
    'nersc_sar_primary', but got only SIC, SOD, FLOE.
    Is this a reference file? Open the scene's '_prep.nc' instead.

Wrong *arguments* of a function stay ``ValueError`` and ``TypeError``.
"""

from __future__ import annotations

from typing import Any


class MMSeaIceError(Exception):
    """Base of all errors that mmseaice raises for its users.

    Args:
        subject: What is at fault, usually a file path or a config key.
        expected: What was expected of it.
        got: What was found instead.
        remedy: One sentence that says what to do.
    """

    def __init__(
        self,
        subject: Any,
        expected: str,
        got: str,
        remedy: str = '',
    ) -> None:
        self.subject = str(subject)
        self.expected = expected
        self.got = got
        self.remedy = remedy
        # A list of several lines ends without a full stop.
        stop = '' if got.endswith('\n') else '. '
        text = f'{subject}: expected {expected}, but got {got}{stop}'
        super().__init__(f'{text}{remedy}'.rstrip())

    def __reduce__(self) -> tuple:
        """Survive the trip out of a data-loader worker."""
        parts = (self.subject, self.expected, self.got, self.remedy)
        return type(self), parts


class SceneFileError(MMSeaIceError):
    """A scene file is missing, truncated or of another format."""


class MissingVariableError(SceneFileError):
    """A scene file lacks a variable that its kind always has."""


class SceneDimensionError(SceneFileError):
    """A variable of a scene file has other dimensions than its kind."""


class ReleaseError(SceneFileError):
    """The release of a scene is unknown, or releases are mixed."""


class EmptySceneError(SceneFileError):
    """A scene has not one valid SAR pixel."""


class EmptyChartError(SceneFileError):
    """A scene that should carry labels has not one labelled pixel."""


class MissingChannelError(MMSeaIceError):
    """A channel named in a config does not exist in the data."""


class PolygonCodeError(MMSeaIceError):
    """A polygon code table cannot be read as an egg-code table."""


class StoreError(MMSeaIceError):
    """A scene store is missing, incomplete or of another version."""


class DownloadError(MMSeaIceError):
    """A published file cannot be had, or is not the published one."""


class DatasetError(MMSeaIceError):
    """A data set folder, list or table is missing or inconsistent."""


class PredictionError(MMSeaIceError):
    """A prediction holds values that cannot be scored or written."""


class ParityError(MMSeaIceError):
    """Data are prepared in another way than the model was trained on."""


class CheckpointError(MMSeaIceError):
    """A checkpoint is missing, corrupt, or of another kind of model."""


class UnsafeCheckpointError(CheckpointError):
    """A checkpoint needs code to be run in order to be read."""


class NonFiniteLossError(MMSeaIceError):
    """A loss became NaN or infinite."""


class TrainingStopped(Exception):  # noqa: N818 - not an error
    """Training was asked to stop and has left what it was at."""


class LoadAuditError(CheckpointError):
    """A pre-trained encoder did not arrive in the model."""


class DependencyError(ImportError):
    """A library is missing or has a version that does not work."""
