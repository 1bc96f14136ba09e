"""One encoder, one decode head for each quantity of an ice chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from mmengine.model import BaseModel, ModuleDict, ModuleList

from ...charts import get_task
from ...registry import MODELS
from ...structures import SeaIceDataSample
from ..audit import AuditedInitMixin
from ..heads import RegressionMixin
from ..utils import (
    TunedEncoderMixin,
    hide_invalid,
    slide_windows,
    stack_valid,
)
from .head_losses import is_plain, plain_losses
from .inference import (
    InferenceConfig,
    read_scores,
    refining_factor,
    scores_to_logits,
    to_scored_grid,
)


@MODELS.register_module()
class MultiTaskSegmentor(TunedEncoderMixin, AuditedInitMixin, BaseModel):
    """Any backbone, an optional neck, and heads by the name of their task.

    A head is any plain mmseg decode head, unchanged. One with a loss of its
    own sees each sample through ``SeaIceDataSample.view(task)``. Tasks with
    a single number per pixel take a regression head. One head makes a
    single-task model.

    It derives from mmengine's model and not from mmseg's segmentor, whose
    loss and post-processing know one head of one kind.

    Heads are built, initialised and run in alphabetical order, so the order
    in a config changes neither weights nor dropout nor any loss.

    Args:
        backbone: Config of the encoder.
        heads: Config of each head, by task; None in place of a config
            drops the head, as ``--cfg-options model.heads.FLOE=None`` does.
        neck: Config of what lies between, or a list of them in a row.
        task_weights: Factor of each task's losses, 1 by default. Tasks
            without a head are passed over, so that dropping a head is
            enough to drop a task.
        task_losses: Configs of losses that see all heads at once, each a
            :class:`CrossTaskLoss`; they are added to those of the heads. A
            list, or a mapping with names of your own, which command lines
            can reach.
            The heads must then be plain ones: one map of logits, and
            mmseg's own ``loss``.
        tuning: How much of the backbone learns, see
            :class:`TunedEncoderMixin`. For two stages, ``probe`` first, then
            a second run with ``load_from``.
        train_cfg: Passed to the heads.
        test_cfg: See :class:`InferenceConfig`.
        data_preprocessor: Config; ``SeaIceDataPreprocessor`` by default.
        init_cfg: Initialisation of the whole model.
    """

    def __init__(
        self,
        backbone: dict,
        heads: Mapping[str, dict | None],
        neck: dict | list[dict] | None = None,
        task_weights: Mapping[str, float] | None = None,
        task_losses: Sequence[dict] | Mapping[str, dict] | None = None,
        tuning: str | dict = 'full',
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            data_preprocessor=MODELS.build(
                data_preprocessor or dict(type='SeaIceDataPreprocessor')
            ),
            init_cfg=init_cfg,
        )
        heads = {task: cfg for task, cfg in heads.items() if cfg is not None}
        if not heads:
            raise ValueError('heads must name at least one task.')
        self.backbone = MODELS.build(backbone)
        self.set_tuning(tuning)
        self.neck = None if neck is None else MODELS.build(neck)
        # mmengine's ModuleDict: torch's would skip the heads' init_cfg.
        self.heads = ModuleDict(
            {task: MODELS.build(heads[task]) for task in sorted(heads)}
        )
        self.task_weights = dict(task_weights or {})
        if isinstance(task_losses, Mapping):
            task_losses = list(task_losses.values())
        self.task_losses = ModuleList(
            [MODELS.build(cfg) for cfg in task_losses or ()]
        )
        self.train_cfg = train_cfg
        self.inference = InferenceConfig(**(test_cfg or {}))
        self._check_tasks()
        self._check_task_losses()

    def _check_tasks(self) -> None:
        """Compare heads and weights with the code table."""
        for task in self.task_weights:
            get_task(task)
        for task, head in self.heads.items():
            row = get_task(task)
            if isinstance(head, RegressionMixin):
                if row.kind != 'regression':
                    raise ValueError(
                        f'The head for {task} must be a classifier, as its '
                        'classes are no steps of one scale, but got '
                        f'{type(head).__name__}.'
                    )
            elif head.num_classes != row.num_classes:
                raise ValueError(
                    f'num_classes of the head for {task} must be '
                    f'{row.num_classes}, but got {head.num_classes}.'
                )

    def _check_task_losses(self) -> None:
        """Check that each enters the total, and can have its logits."""
        names = [loss.loss_name for loss in self.task_losses]
        for name in names:
            if 'loss' not in name or names.count(name) > 1:
                raise ValueError(
                    "loss_name of task_losses must contain 'loss' and differ "
                    f'from the others, but got {", ".join(names)}.'
                )
        for task, head in self.heads.items():
            if names and not is_plain(head):
                raise ValueError(
                    f'The head for {task} must have the loss of a plain '
                    f'mmseg head and no sampler beside task_losses, but got '
                    f'{type(head).__name__}.'
                )

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in alphabetical order."""
        return tuple(self.heads)

    def forward(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[SeaIceDataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, torch.Tensor] | list[SeaIceDataSample]:
        """Run the model in one of mmengine's three modes.

        Args:
            inputs: Images, (N, C, H, W).
            data_samples: N samples, needed for 'loss'.
            mode: 'loss', 'predict', or 'tensor' for the logits by task,
                (N, K, h, w) as the heads give them.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            features = self.extract_feat(inputs)
            return {task: head(features) for task, head in self.heads.items()}
        raise ValueError(
            f"mode must be 'loss', 'predict' or 'tensor', but got {mode!r}."
        )

    def extract_feat(self, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Feature maps for the heads, each (N, C_i, h_i, w_i)."""
        features = self.backbone(inputs)
        return features if self.neck is None else self.neck(features)

    def loss(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[SeaIceDataSample],
    ) -> dict[str, torch.Tensor]:
        """Weighted losses by '<TASK>.<name of the loss>'.

        Those of ``task_losses`` go by their name alone.

        Args:
            inputs: Images, (N, C, H, W).
            data_samples: N samples with labels of every task.
        """
        valid = stack_valid(inputs, data_samples)
        features = self.extract_feat(hide_invalid(inputs, valid))
        losses, logits = {}, {}
        for task, head in self.heads.items():
            labels = [sample.get_gt(task) for sample in data_samples]
            weight = self.task_weights.get(task, 1.0)
            if is_plain(head):
                found, logits[task] = plain_losses(
                    head, features, torch.cat(labels)
                )
            else:
                views = [sample.view(task) for sample in data_samples]
                found = head.loss(features, views, self.train_cfg)
            # Other heads also report an accuracy, which reads 100 where
            # nothing is labelled.
            losses |= {
                f'{task}.{name}': weight * value
                for name, value in found.items()
                if 'loss' in name
            }
        for loss in self.task_losses:
            losses[loss.loss_name] = loss(logits, data_samples)
        return losses

    def predict_logits(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by task, (N, K, H, W), on the grid of the images.

        Args:
            inputs: Images, (N, C, H, W), 0 where invalid.
        """
        if self.inference.mode == 'whole':
            return self.whole_logits(inputs)
        return slide_windows(
            self.whole_logits,
            inputs,
            self.inference.crop_size,
            self.inference.stride,
            self.inference.batch_size,
            self.inference.blend,
        )

    def whole_logits(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by task from one pass, (N, K, H, W).

        Args:
            inputs: Images, (N, C, H, W), 0 where invalid.
        """
        features = self.extract_feat(inputs)
        metas = [dict(img_shape=inputs.shape[-2:])] * len(inputs)
        return {
            task: head.predict(features, metas, None)
            for task, head in self.heads.items()
        }

    def predict(
        self,
        inputs: torch.Tensor,
        data_samples: Sequence[SeaIceDataSample] | None = None,
    ) -> list[SeaIceDataSample]:
        """Predict every task on the grid that the samples are scored on.

        Args:
            inputs: Images, (N, C, H, W), padded to a common size.
            data_samples: N samples with ``img_shape``, ``ori_shape`` and,
                where these differ, ``spacing`` and ``ori_spacing``. New
                ones by default.

        Returns:
            The samples with ``pred_<TASK>``, and ``logits_<TASK>`` if
            ``test_cfg`` asks for them.
        """
        if data_samples is None:
            shape = tuple(inputs.shape[-2:])
            meta = dict(img_shape=shape, ori_shape=shape)
            data_samples = [SeaIceDataSample(metainfo=meta) for _ in inputs]
        valid = stack_valid(inputs, data_samples)
        logits = self._logits_of_samples(
            hide_invalid(inputs, valid),
            [tuple(sample.img_shape) for sample in data_samples],
        )
        for sample, of_tasks in zip(data_samples, logits, strict=True):
            factor = refining_factor(sample.metainfo)
            for task, head in self.heads.items():
                scores = to_scored_grid(
                    of_tasks[task],
                    head,
                    factor,
                    sample.ori_shape,
                    self.inference.refine,
                )
                sample.set_pred(task, read_scores(scores, task, head))
                if self.inference.keep_logits:
                    sample.set_logits(task, scores_to_logits(scores, head))
        return list(data_samples)

    def _logits_of_samples(
        self, inputs: torch.Tensor, shapes: Sequence[tuple[int, int]]
    ) -> Iterator[dict[str, torch.Tensor]]:
        """Logits by task of each sample on its own grid, (K, h, w).

        Windows lie on the sample, without what it was padded with, so they
        do not depend on the batch.
        """
        if self.inference.mode == 'slide':
            for image, (height, width) in zip(inputs, shapes, strict=True):
                logits = self.predict_logits(image[None, :, :height, :width])
                yield {task: values[0] for task, values in logits.items()}
            return
        logits = self.predict_logits(inputs)
        for index, (height, width) in enumerate(shapes):
            yield {
                task: values[index, :, :height, :width]
                for task, values in logits.items()
            }

    def get_layer_depth(
        self, param_name: str, prefix: str = ''
    ) -> tuple[int, int]:
        """Depth of a parameter and number of depths, for layer decay.

        Args:
            param_name: Name of the parameter.
            prefix: What to strip from the name, such as 'module.'.
        """
        return self.backbone.get_layer_depth(
            param_name.removeprefix(prefix), 'backbone.'
        )
