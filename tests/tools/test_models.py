"""publish_model.py and verify_model.py: there and back, what is refused."""

import json
import os
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from shutil import copytree
from threading import Thread

import pytest
import torch
from mmengine.config import Config

from mmseaice.apis import init_model
from mmseaice.engine import load_checkpoint_file, published
from mmseaice.errors import CheckpointError, MMSeaIceError
from mmseaice.registry import MODELS
from mmseaice.testing import find_configs

SCORES = {'AutoICE/combined': 61.5, 'AutoICE/SIC.r2': None}


@pytest.fixture(scope='module')
def publish(load_tool):
    """Publish in this process."""
    tool = load_tool('models/publish_model.py')
    return lambda *args: tool['publish'](
        tool['parse_args']([str(arg) for arg in args])
    )


@pytest.fixture(scope='module')
def model(publish, finetuned, demo_data, tmp_path_factory):
    """A published model and the checkpoint that it was made from."""
    folder = tmp_path_factory.mktemp('published') / 'charts'
    metrics = folder.parent / 'metrics.json'
    metrics.write_text(json.dumps({'scores': SCORES}))
    checkpoint = finetuned[0] / 'iter_4.pth'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MMSEAICE_DATA', str(demo_data))
        publish(
            *(checkpoint, folder, '--metrics', metrics),
            *('--licence', 'cc-by-4.0'),
        )
    return folder, checkpoint


@pytest.fixture
def copy(model, tmp_path):
    """A copy of the published model to be tampered with."""
    return copytree(model[0], tmp_path / 'copy')


@pytest.fixture(scope='module')
def verify(load_tool):
    return load_tool('models/verify_model.py')['verify']


def test_a_published_model_is_verified(run_tool, model):
    done = run_tool('models/verify_model.py', model[0])
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[-3:]] == ['good:'] * 3
    assert 'MultiTaskSegmentor' in lines[-2]
    subprocess.run(
        ['sha256sum', '--check', '--strict', published.MANIFEST],
        cwd=model[0],
        check=True,
        capture_output=True,
    )


def test_weights_are_those_of_the_checkpoint_and_nothing_else(model):
    folder, checkpoint = model
    before = load_checkpoint_file(checkpoint)
    after = load_checkpoint_file(folder / published.WEIGHTS)
    assert after.keys() == {'state_dict', 'meta'}
    assert after['state_dict'].keys() == before['state_dict'].keys()
    for key, value in before['state_dict'].items():
        assert torch.equal(after['state_dict'][key], value), key
    record = json.loads((folder / published.PARITY).read_text())
    assert record == after['meta']['mmseaice']
    assert record['spacings'] == before['meta']['mmseaice']['spacings']


def test_the_config_serves_elsewhere(model, demo_data):
    folder, _ = model
    for path in folder.iterdir():
        if path.suffix != '.safetensors':
            assert str(demo_data) not in path.read_text()
            assert str(folder.parent) not in path.read_text()
    cfg = Config.fromfile(folder / published.CONFIG)
    assert cfg.test_dataloader.dataset.store == 'data/demo/test.zarr'
    assert cfg.model.backbone.init_cfg is None
    built = init_model(
        folder / published.CONFIG, folder / published.WEIGHTS, 'cpu'
    )
    assert built.parity['channels'] == ['HH', 'HV', 'incidence_angle']


def test_the_card_tells_what_it_is(model):
    card = (model[0] / published.CARD).read_text()
    assert card.startswith('---\nlicense: cc-by-4.0\n')
    assert '# charts' in card
    assert '| AutoICE/combined | 61.50 |' in card
    assert '| AutoICE/SIC.r2 | - |' in card
    assert '| channels | HH, HV, incidence_angle |' in card
    assert "SceneInferencer('charts/config.py'" in card


@pytest.mark.extras
def test_adapters_become_part_of_what_is_published(
    publish, finetuned, demo_data, tmp_path, monkeypatch
):
    monkeypatch.setenv('MMSEAICE_DATA', str(demo_data))
    (path,) = finetuned[0].glob('*.py')
    cfg = Config.fromfile(path)
    cfg.model.tuning = dict(mode='lora', rank=2)
    cfg.model.backbone.init_cfg = None
    content = load_checkpoint_file(finetuned[0] / 'iter_4.pth')
    adapted = MODELS.build(cfg.model)
    adapted.load_state_dict(content['state_dict'], strict=False)
    for name, parameter in adapted.named_parameters():
        if 'lora_B' in name:
            torch.nn.init.normal_(parameter, std=0.1)
    content['state_dict'] = adapted.state_dict()
    torch.save(content, tmp_path / 'iter_4.pth')
    cfg.dump(tmp_path / 'config.py')
    publish(tmp_path / 'iter_4.pth', tmp_path / 'out')
    config = tmp_path / 'out' / published.CONFIG
    assert 'lora' not in config.read_text()
    whole = init_model(config, tmp_path / 'out' / published.WEIGHTS, 'cpu')
    images = torch.randn(1, 3, 64, 64)
    plain = init_model(path, finetuned[0] / 'iter_4.pth', 'cpu')
    for task, logits in adapted.eval()(images).items():
        assert torch.allclose(whole(images)[task], logits, atol=1e-4)
        assert not torch.allclose(plain(images)[task], logits, atol=1e-2)


def test_an_encoder_is_told_to_be_one(publish, pretrained, tmp_path):
    publish(pretrained[0] / 'iter_4.pth', tmp_path / 'mae')
    card = (tmp_path / 'mae/README.md').read_text()
    assert 'init_cfg.checkpoint=mae/model.safetensors' in card
    assert 'Not given.' in card


@pytest.mark.parametrize('name', [published.WEIGHTS, 'README.md'])
def test_a_changed_file_is_detected(copy, verify, capsys, name):
    content = bytearray((copy / name).read_bytes())
    content[-5] ^= 1
    (copy / name).write_bytes(content)
    assert verify(copy) == 2
    assert f'{name} was changed after' in capsys.readouterr().out


def test_missing_and_added_files_are_detected(copy, verify, capsys):
    (copy / published.PARITY).rename(copy / 'other.json')
    (copy / '.gitattributes').touch()  # as hubs add
    assert verify(copy) == 2
    told = capsys.readouterr().out
    assert 'parity.json is missing; other.json is not in SHA256SUMS' in told


def tamper(folder, name, change):
    """Change a file, and the manifest with it."""
    path = folder / name
    path.write_text(change(path.read_text()))
    published.write_manifest(folder)


def test_a_pickle_is_refused(copy, verify, capsys, tmp_path):
    torch.save({'weight': torch.zeros(1)}, copy / published.WEIGHTS)
    published.write_manifest(copy)
    assert verify(copy) == 2
    assert 'expected a whole safetensors file' in capsys.readouterr().out


def test_code_in_the_config_is_not_run(copy, verify, capsys, tmp_path):
    mark = tmp_path / 'mark'
    tamper(
        copy,
        published.CONFIG,
        lambda text: text + f'\nodd = open({str(mark)!r}, "w")\n',
    )
    assert verify(copy) == 2
    assert 'assignments of plain values' in capsys.readouterr().out
    assert not mark.exists()


@pytest.mark.parametrize('kind', ['os.system', 'shutil.rmtree', 'this'])
def test_types_of_other_libraries_are_not_built(copy, verify, capsys, kind):
    tamper(
        copy,
        published.CONFIG,
        lambda text: text.replace("'mmseg.Feature2Pyramid'", repr(kind)),
    )
    assert verify(copy) == 2
    assert f'but got {kind}' in capsys.readouterr().out


def test_weights_of_another_model_are_detected(copy, verify, capsys):
    tamper(
        copy,
        published.CONFIG,
        lambda text: text.replace('channels=32', 'channels=16'),
    )
    assert verify(copy) == 2
    assert 'MultiTaskSegmentor in the config' in capsys.readouterr().out


def test_another_record_is_detected(copy, verify, capsys):
    tamper(copy, published.PARITY, lambda text: text.replace('HH', 'HV'))
    assert verify(copy) == 2
    assert 'the record that the weights carry' in capsys.readouterr().out


def test_a_web_address_is_fetched_and_verified(model, load_tool, tmp_path):
    fetch = load_tool('models/verify_model.py')['fetch']
    handler = partial(SimpleHTTPRequestHandler, directory=str(model[0]))
    handler.func.log_message = lambda *_: None
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f'http://127.0.0.1:{server.server_port}'
        fetch(address, tmp_path)
        assert published.manifest_problems(tmp_path) == []
        with pytest.raises(MMSeaIceError, match='Is it a published model'):
            fetch(f'{address}/odd', tmp_path)
    finally:
        server.shutdown()


def test_a_hub_address_names_repository_and_revision(
    load_tool, monkeypatch, tmp_path
):
    import huggingface_hub

    asked = []
    monkeypatch.setattr(
        huggingface_hub,
        'hf_hub_download',
        lambda *args, **options: asked.append((*args, options['revision'])),
    )
    get = load_tool('models/verify_model.py')['get_from_hub']
    get('hf://ice/charts@v1', 'config.py', tmp_path)
    get('hf://ice/charts', 'config.py', tmp_path)
    assert asked == [
        ('ice/charts', 'config.py', 'v1'),
        ('ice/charts', 'config.py', None),
    ]


@pytest.mark.parametrize('name', ['../a', 'a/b', '.hidden', ''])
def test_a_manifest_names_files_beside_it_only(tmp_path, name):
    path = tmp_path / published.MANIFEST
    path.write_text(f'{"0" * 64}  {name}\n')
    with pytest.raises(MMSeaIceError, match='lines of a sum'):
        published.read_manifest(path)


@pytest.mark.parametrize('path', find_configs(), ids=lambda path: path.stem)
def test_every_recipe_is_plain_and_portable(path, tmp_path):
    cfg = published.portable_config(Config.fromfile(path))
    cfg.dump(tmp_path / 'config.py')
    read = published.read_plain_config(tmp_path / 'config.py')
    assert read.to_dict() == cfg.to_dict()
    assert published.unknown_types(read.model) == []


@pytest.mark.parametrize(
    'text',
    ['a = __import__("os")', 'import os', 'a = dict(**b)', 'a = [', '1'],
)
def test_only_values_are_a_plain_config(tmp_path, text):
    path = tmp_path / 'config.py'
    path.write_text(text)
    with pytest.raises(CheckpointError, match='assignments of plain values'):
        published.read_plain_config(path)


def test_publishing_refuses_what_it_cannot_stand_for(
    publish, model, finetuned, tmp_path
):
    folder, checkpoint = model
    with pytest.raises(MMSeaIceError, match='a new or an empty folder'):
        publish(checkpoint, folder)
    content = torch.load(checkpoint, weights_only=True)
    odd = tmp_path / 'odd.pth'
    torch.save({'state_dict': content['state_dict']}, odd)
    with pytest.raises(CheckpointError, match='a record of how'):
        publish(odd, tmp_path / 'out')
    torch.save(content | {'odd': range(3)}, odd)
    with pytest.raises(CheckpointError, match='trust-checkpoint'):
        publish(odd, tmp_path / 'out')
    torch.save(content, odd)
    with pytest.raises(MMSeaIceError, match='Name it: --config'):
        publish(odd, tmp_path / 'out')
    assert os.listdir(tmp_path) == ['odd.pth']


def test_what_is_no_published_model_ends_in_one_message(load_tool, tmp_path):
    main = load_tool('models/verify_model.py')['main']
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path)])
    # Text means exit code 1.
    assert 'expected the manifest of a published model' in end.value.code
