"""Models whose encoder does not learn."""

from __future__ import annotations


class FrozenEncoderMixin:
    """Lets a model with a ``backbone`` freeze it.

    Put it before the model class. A frozen encoder gets no gradients and
    stays in evaluation mode, without dropout, whatever ``train()`` says.
    """

    freeze_encoder = False

    def set_encoder_frozen(self, frozen: bool) -> None:
        """Freeze the encoder or leave it as it is, once it is built."""
        self.freeze_encoder = frozen
        if frozen:
            self.backbone.requires_grad_(False)
            self.backbone.eval()

    def train(self, mode: bool = True) -> FrozenEncoderMixin:
        """Set training mode, except for a frozen encoder."""
        super().train(mode)
        if self.freeze_encoder:
            self.backbone.eval()
        return self
