import pytest
import torch

from mmseaice.models.utils import slide_windows, window_starts


@pytest.mark.parametrize('size', [8, 9, 12, 15, 31])
@pytest.mark.parametrize('stride', [1, 3, 8])
def test_windows_cover_every_pixel_and_stay_inside(size, stride):
    starts = window_starts(size, 8, stride)
    covered = {y + k for y in starts for k in range(8)}
    assert covered == set(range(size))
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize('shape', [(8, 8), (20, 13), (5, 30), (3, 3)])
@pytest.mark.parametrize('batch_size', [1, 4])
def test_equals_the_whole_image_for_a_local_model(shape, batch_size):
    def local(windows):
        return dict(double=2 * windows, first=windows[:, :1])

    images = torch.randn(2, 3, *shape)
    maps = slide_windows(local, images, (8, 8), (5, 3), batch_size)
    assert torch.allclose(maps['double'], 2 * images)
    assert torch.allclose(maps['first'], images[:, :1])


def test_overlaps_are_averaged():
    calls = iter([1.0, 3.0])

    def numbered(windows):
        return dict(call=torch.full_like(windows, next(calls)))

    images = torch.zeros(1, 1, 4, 6)
    row = slide_windows(numbered, images, (4, 4), (4, 2), 1)['call'][0, 0, 0]
    assert row.tolist() == [1, 1, 2, 2, 3, 3]
