"""Read a whole stored scene."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadScene(BaseTransform):
    """Read a whole scene at the record's pixel spacing, for evaluation.

    Adds the same keys as :class:`CropScene`. The charts may come from a
    finer grid than the image, so that a model that works at 200 m is
    scored at 80 m; ``ori_shape`` is the shape of that grid and
    ``ori_spacing`` its pixel spacing in m.

    Args:
        label_spacing: Pixel spacing of the charts in m, None for the
            spacing of the image.
    """

    def __init__(self, label_spacing: float | None = None) -> None:
        self.label_spacing = label_spacing

    def transform(self, results: dict) -> dict:
        """Add the scene to ``results``."""
        stored, spacing = results['stored'], results['spacing']
        channels, tasks = results['channels'], tuple(results['tasks'])
        label_spacing = self.label_spacing or spacing
        same_grid = label_spacing == spacing
        crop = stored.read(
            spacing, channels=channels, tasks=tasks if same_grid else ()
        )
        charts = crop.charts
        if tasks and not same_grid:
            charts = stored.read(
                label_spacing, channels=(), tasks=tasks
            ).charts
        results.update(
            image=crop.image,
            valid=crop.valid,
            charts=dict(charts),
            window=(0, 0, *stored.shape(spacing)),
            ori_shape=tuple(stored.shape(label_spacing)),
            ori_spacing=label_spacing,
        )
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(label_spacing={self.label_spacing})'
