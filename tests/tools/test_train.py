"""train.py: the arguments reach the config, and runs go through."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmseaice.errors import MMSeaIceError
from mmseaice.testing import config_root

CONFIG = config_root() / 'pretraining/mae_vit-tiny-p8_500i_simulated.py'
FINETUNING = 'downstream/multitask_vit-tiny-p8-upernet_700i_simulated.py'


@pytest.fixture
def make_config(load_tool):
    tool = load_tool('train.py')

    def _make(*args):
        argv = [str(CONFIG), *args]
        return tool['make_config'](tool['parse_args'](argv))

    return _make


def test_run_folder_is_named_after_the_config(make_config):
    assert make_config().work_dir == f'work_dirs/{CONFIG.stem}'
    assert make_config('--work-dir', 'a/b').work_dir == 'a/b'


def test_arguments_reach_the_config(make_config):
    cfg = make_config(
        *('--seed', '7', '--amp', '--launcher', 'slurm', '--cfg-options'),
        *('model.backbone.mask_ratio=0.6', 'train_cfg.max_iters=3'),
    )
    assert cfg.randomness.seed == 7
    assert cfg.optim_wrapper.type == 'Bf16OptimWrapper'
    assert cfg.launcher == 'slurm'
    assert cfg.model.backbone.mask_ratio == 0.6
    assert cfg.train_cfg.max_iters == 3


def test_amp_refuses_a_wrapper_it_cannot_replace(make_config):
    with pytest.raises(MMSeaIceError, match='but got Odd'):
        make_config('--amp', '--cfg-options', 'optim_wrapper.type=Odd')


def test_pretraining_writes_a_whole_run(pretrained):
    work_dir, done = pretrained
    checkpoint = torch.load(work_dir / 'iter_4.pth', weights_only=True)
    assert checkpoint['meta']['mmseaice']['channels'] == [
        'HH',
        'HV',
        'incidence_angle',
    ]
    losses = checkpoint['message_hub']['log_scalars']['train/loss']
    assert len(losses['__history__'][0]) == 4
    assert Config.fromfile(work_dir / CONFIG.name).train_cfg.max_iters == 4
    assert f'{work_dir}/iter_4.pth' in done.stdout.splitlines()[-2]


def test_known_noise_of_upstream_is_silenced(pretrained):
    _, done = pretrained
    said = done.stdout + done.stderr
    for noise in ('OneDL', 'MultiScaleDeformable', 'paramwise_options'):
        assert noise not in said
    assert 'will be deprecated' not in said


def test_resume_goes_on_and_equals_an_undisturbed_run(
    run_tool, pretrained, short, tmp_path
):
    whole, _ = pretrained
    options = ('--work-dir', tmp_path, '--cfg-options', *short)
    run_tool('train.py', CONFIG, *options)
    # As after a kill: the last step never came to be written.
    (tmp_path / 'iter_4.pth').unlink()
    done = run_tool('train.py', CONFIG, '--resume', *options)
    assert 'resumed epoch: 0, iter: 2' in done.stdout + done.stderr
    first, second = (
        torch.load(folder / 'iter_4.pth', weights_only=True)['state_dict']
        for folder in (whole, tmp_path)
    )
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_finetuning_takes_the_encoder_over(finetuned):
    work_dir, _ = finetuned
    assert (work_dir / 'iter_4.pth').is_file()


@pytest.mark.parametrize(
    ('args', 'said'),
    [
        (['no_such_config.py'], 'expected a config file'),
        ([CONFIG, '--resume', 'no.pth'], 'expected a checkpoint file'),
    ],
)
def test_mistakes_end_in_one_line(run_tool, short, args, said, tmp_path):
    done = run_tool(
        *('train.py', *args, '--work-dir', tmp_path, '--cfg-options', *short),
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr
    assert 'Traceback' not in done.stderr


def test_missing_store_is_named(run_tool, short, tmp_path):
    store = Path('no/such/train.zarr')
    done = run_tool(
        *('train.py', CONFIG, '--work-dir', tmp_path, '--cfg-options'),
        *(*short, f'train_dataloader.dataset.store={store}'),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f'StoreError: {store}')


def test_finetuning_resumes_without_the_encoder_file(
    run_tool, finetuned, short, tmp_path
):
    work_dir, _ = finetuned
    config = next(work_dir.glob('*.py'))
    done = run_tool(
        *('train.py', config, '--work-dir', tmp_path, '--amp'),
        *('--resume', work_dir / 'iter_2.pth', '--cfg-options', *short),
        'model.backbone.init_cfg.checkpoint=no/such/file.pth',
    )
    assert (tmp_path / 'iter_4.pth').is_file()
    assert 'resumed epoch: 0, iter: 2' in done.stdout + done.stderr


def test_encoder_of_other_pixels_is_refused(
    run_tool, pretrained, short, tmp_path
):
    content = torch.load(pretrained[0] / 'iter_4.pth', weights_only=True)
    content['meta']['mmseaice']['mean'] = [-1.0, -2.0]
    encoder = tmp_path / 'other.pth'
    torch.save(content, encoder)
    done = run_tool(
        *('train.py', config_root() / FINETUNING, '--work-dir', tmp_path),
        *('--cfg-options', *short),
        f'model.backbone.init_cfg.checkpoint={encoder}',
        check=False,
    )
    assert done.returncode == 1
    assert 'mean: trained with [-1.0, -2.0]' in done.stderr
    assert 'Traceback' not in done.stderr
