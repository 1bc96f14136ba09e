"""Hide one connected part of an image."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from ....registry import MODELS
from .random import RandomMasking


@MODELS.register_module()
class RegionMasking(RandomMasking):
    """One region of patches that touch by their sides, of ragged outline.

    It grows from a random patch as if each patch took a random time to
    conquer (first-passage percolation: Hammersley and Welsh 1965), so it is
    connected whatever its size. With ``avoid_invalid``, invalid patches are
    hidden besides.
    """

    def scores(self, num: int, device: torch.device) -> torch.Tensor:
        """Draw (N, L): minus the time at which a patch is conquered."""
        rows, columns = self.grid
        # Never 0: a patch is conquered later than the one it came from.
        wait = 0.05 + torch.rand(num, rows, columns, device=device)
        start = torch.randint(self.num_patches, (num, 1), device=device)
        time = torch.full((num, self.num_patches), torch.inf, device=device)
        time = time.scatter(1, start, 0.0).view(num, rows, columns)
        # As many rounds as the way from corner to corner has steps.
        for _ in range(rows + columns - 2):
            edge = F.pad(time, (1, 1, 1, 1), value=torch.inf)
            first = torch.stack(
                [
                    edge[:, 1:-1, :-2],
                    edge[:, 1:-1, 2:],
                    edge[:, :-2, 1:-1],
                    edge[:, 2:, 1:-1],
                ]
            ).amin(dim=0)
            time = torch.minimum(time, first + wait)
        return -time.flatten(1)
