"""Several processes without a GPU: what mmengine's launchers leave out."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from torch import distributed, nn

from ..errors import MMSeaIceError
from ..registry import MODEL_WRAPPERS

#: Seconds that a rank waits for another: a validation may take its time.
PATIENCE = 1800


@MODEL_WRAPPERS.register_module()
class CPUDistributedDataParallel(MMDistributedDataParallel):
    """mmengine's wrapper as on GPUs, with BN in place of SyncBN.

    SyncBN needs GPUs; each rank has its own statistics here.

    Args:
        module: The model.
        **kwargs: Further arguments of mmengine's wrapper.
    """

    def __init__(self, module: nn.Module, **kwargs: Any) -> None:
        super().__init__(
            revert_sync_batchnorm(module), broadcast_buffers=False, **kwargs
        )


def slurm_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What torch asks the environment for, from what Slurm says of a task.

    The port follows from the job, so that two jobs may share a node.

    Args:
        env: Environment of a task that ``srun`` started.

    Raises:
        MMSeaIceError: If it is not one.
    """
    try:
        nodes, job = env['SLURM_STEP_NODELIST'], env['SLURM_JOB_ID']
        found = {
            'RANK': env['SLURM_PROCID'],
            'LOCAL_RANK': env['SLURM_LOCALID'],
            'WORLD_SIZE': env['SLURM_NTASKS'],
        }
    except KeyError as error:
        raise MMSeaIceError(
            '--launcher slurm',
            'the task of a Slurm job',
            f'an environment without {error.args[0]}',
            'Start it with srun, as tools/slurm_train.sh does.',
        ) from None
    if 'MASTER_ADDR' not in env:
        names = subprocess.run(
            ['scontrol', 'show', 'hostnames', nodes],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        found['MASTER_ADDR'] = names[0]
    if 'MASTER_PORT' not in env:
        found['MASTER_PORT'] = str(20000 + int(job) % 20000)
    return found


@contextmanager
def joined_ranks(
    cfg: Config, env: MutableMapping[str, str] = os.environ
) -> Iterator[None]:
    """Processes of a launcher, connected until the end of the context.

    On GPUs mmengine connects them; on a Slurm cluster it is only told a
    port. Without one its launchers ask for a GPU all the same, so here they
    meet through gloo, and the config is told of it.

    They part together if there was no error. Only the first saves, and the
    others would be gone long before, upon which a launcher ends the job. A
    thread of gloo that is still at work when Python ends aborts the process.

    Args:
        cfg: Config of the run; its model wrapper is set.
        env: Environment; read, and for Slurm completed.

    Raises:
        MMSeaIceError: If the launcher did not start this process.
    """
    _join(cfg, env)
    yield
    if distributed.is_initialized():
        distributed.barrier()
        # Wrapped models hold the group, in cycles.
        gc.collect()
        distributed.destroy_process_group()


def _join(cfg: Config, env: MutableMapping[str, str]) -> None:
    if cfg.launcher == 'none':
        return
    if cfg.launcher == 'slurm':
        env.update(slurm_environment(env))
    if cfg.launcher == 'mpi' and 'OMPI_COMM_WORLD_RANK' in env:
        env['RANK'] = env['OMPI_COMM_WORLD_RANK']
        env['WORLD_SIZE'] = env['OMPI_COMM_WORLD_SIZE']
    if not {'RANK', 'MASTER_ADDR'} <= set(env):
        raise MMSeaIceError(
            f'--launcher {cfg.launcher}',
            'one of several processes',
            'an environment without RANK or MASTER_ADDR',
            'Start it with tools/dist_train.sh.',
        )
    if torch.cuda.is_available():
        return
    distributed.init_process_group('gloo', timeout=timedelta(seconds=PATIENCE))
    cfg.model_wrapper_cfg = dict(
        # Upstream looks it up without a scope.
        type='mmseaice.CPUDistributedDataParallel',
        device_ids=None,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
