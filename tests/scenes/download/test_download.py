"""Downloads against a server that drops, cuts, garbles and lies."""

import signal
import time

import pytest


def test_all_splits_arrive(download, tmp_path):
    out = tmp_path / 'out'
    done = download(out)
    download.assert_whole(out, 'train', 'test')
    assert (out / 'metadata.csv').read_text().startswith('input_path')
    assert '7 files' in done.stdout
    # The archives are gone, and nothing is fetched again.
    assert not (out / '.archives').exists()


def test_a_second_call_asks_for_nothing(download, hub, tmp_path):
    download(tmp_path / 'out', '--split', 'test')
    hub.requests.clear()
    download(tmp_path / 'out', '--split', 'test')
    assert not hub.requests
    download(tmp_path / 'out')
    assert {name for name, *_ in hub.requests} == {
        'train.tar.gzaa',
        'train.tar.gzab',
    }


@pytest.mark.parametrize(
    'faults',
    [
        ['drop'],
        ['drop', 'drop', 'drop'],
        ['truncate'],
        ['corrupt'],
        ['busy', 'busy'],
        ['corrupt', 'drop', 'busy'],
    ],
)
def test_faults_of_the_network_are_overcome(download, hub, tmp_path, faults):
    hub.faults = {name: list(faults) for name in hub.files}
    download(tmp_path / 'out')
    download.assert_whole(tmp_path / 'out', 'train', 'test')
    assert not any(hub.faults.values())


def test_a_dropped_file_is_resumed_where_it_broke_off(download, hub, tmp_path):
    hub.faults = {'test.tar.gz': ['drop']}
    download(tmp_path / 'out', '--split', 'test')
    starts = [s for name, s, _ in hub.requests if name == 'test.tar.gz']
    assert len(starts) == 2
    assert starts[1] > 0


def test_another_file_than_the_published_is_refused(download, hub, tmp_path):
    hub.sums = {'test': {'test.tar.gz': '0' * 32}}
    done = download(tmp_path / 'out', '--split', 'test', check=False)
    assert done.returncode == 1
    assert f'expected a file with the md5 sum {"0" * 32}' in done.stderr
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'out/test').exists()


@pytest.mark.parametrize('delay', [0.8, 1.4, 2])
def test_a_killed_download_is_taken_up_again(download, tmp_path, delay):
    out = tmp_path / 'out'
    process = download(out, start=True)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    download(out)
    download.assert_whole(out, 'train', 'test')


def test_a_killed_download_goes_on_where_it_was(download, hub, tmp_path):
    hub.faults = {'test.tar.gz': ['stall']}
    process = download(tmp_path / 'out', '--split', 'test', start=True)
    hub.stalled.wait(60)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    download(tmp_path / 'out', '--split', 'test')
    starts = [s for name, s, _ in hub.requests if name == 'test.tar.gz']
    assert len(starts) == 2
    assert starts[1] > 0
    download.assert_whole(tmp_path / 'out', 'test')


def test_archives_that_were_kept_stay(download, tmp_path):
    out = tmp_path / 'out'
    download(out, '--split', 'train', '--keep-archives')
    kept = sorted(p.name for p in (out / '.archives').glob('train*'))
    assert kept == ['train.tar.gzaa', 'train.tar.gzab']
    download(out, '--split', 'test')
    assert sorted(p.name for p in (out / '.archives').glob('t*')) == kept


def test_an_archive_with_another_root_is_refused(download, hub, tmp_path):
    archive = hub.make_archive({'other/test/a_prep.nc': b'x' * 100})
    hub.files['test.tar.gz'] = archive
    done = download(tmp_path / 'out', '--split', 'test', check=False)
    assert done.returncode == 1
    assert 'expected scenes in a folder test/' in done.stderr


def test_a_full_disk_is_told_before_the_first_byte(download, hub, tmp_path):
    done = download(tmp_path / 'out', room=1e18, check=False)
    assert done.returncode == 1
    assert 'GB of free room' in done.stderr
    assert not hub.requests


def test_archives_fetched_by_hand(download, hub, tmp_path):
    for name in ('train.tar.gzaa', 'train.tar.gzab', 'metadata.csv'):
        (tmp_path / name).write_bytes(hub.files[name])
    args = (tmp_path / 'out', '--from', tmp_path, '--split')
    download(*args, 'train')
    download.assert_whole(tmp_path / 'out', 'train')
    assert not hub.requests
    assert (tmp_path / 'train.tar.gzaa').is_file()
    done = download(*args, 'test', check=False)
    assert done.returncode == 1
    assert 'test.tar.gz' in done.stderr
    assert 'nothing of that name' in done.stderr


def test_verify_finds_what_changed_and_a_download_mends_it(download, tmp_path):
    out = tmp_path / 'out'
    download(out, '--split', 'test')
    assert 'all whole' in download(out, '--verify').stdout
    path = out / 'test/0_prep.nc'
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    (out / 'test/1_prep.nc').unlink()
    done = download(out, '--verify', check=False)
    assert done.returncode == 2
    assert done.stdout.count('missing or damaged') == 2
    download(out, '--split', 'test')
    download.assert_whole(out, 'test')


def test_verify_wants_a_folder_of_its_own(download, tmp_path):
    done = download(tmp_path, '--verify', check=False)
    assert done.returncode == 1
    assert 'without a manifest' in done.stderr


@pytest.mark.parametrize('name', ['../evil.nc', '/tmp/evil.nc', 'a/../../b'])
def test_members_that_lead_outside_are_refused(download, hub, tmp_path, name):
    hub.files['test.tar.gz'] = hub.make_archive({name: b'x'})
    done = download(tmp_path / 'out', '--split', 'test', check=False)
    assert done.returncode == 1
    assert 'leads outside' in done.stderr
    assert not (tmp_path / 'evil.nc').exists()


def test_raw_scenes_come_as_the_publisher_lists_them(download, hub, tmp_path):
    scenes = {f'{name}.nc': b'raw' * 9000 for name in 'ab'}
    hub.files |= {
        'raw_c.nc': b'r' * 50_000,
        'raw.tar.gz': hub.make_archive(scenes),
    }
    hub.faults = {'raw_c.nc': ['drop', 'corrupt']}
    download(tmp_path, '--kind', 'raw', '--split', 'test')
    raw = tmp_path / 'raw'
    assert (raw / 'raw_c.nc').read_bytes() == hub.files['raw_c.nc']
    assert (raw / 'a.nc').read_bytes() == scenes['a.nc']
    assert (
        'all whole' in download(tmp_path, '--kind', 'raw', '--verify').stdout
    )


def test_a_list_that_lies_about_sizes_is_refused(download, hub, tmp_path):
    hub.files |= {'raw_c.nc': b'r' * 50_000}
    hub.lie = 7
    args = (tmp_path, '--kind', 'raw', '--split', 'test')
    done = download(*args, check=False)
    assert done.returncode == 1
    assert '50000' in done.stderr
    assert '50007' in done.stderr
    assert not (tmp_path / 'raw/raw_c.nc').exists()
    hub.lie = 0
    download(*args)
    assert (tmp_path / 'raw/raw_c.nc').read_bytes() == hub.files['raw_c.nc']
