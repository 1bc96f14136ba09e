import base64
import io
import json
import re
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mmseaice.charts import IGNORE_COLOUR, TASKS
from mmseaice.errors import PredictionError
from mmseaice.testing import make_charted
from mmseaice.visualization import page as page_module
from mmseaice.visualization.charted_layers import LAND_COLOUR
from mmseaice.visualization.page import write_page

HOSTILE = '"><script>alert(1)</script><!-- scenes --> </SCRIPT> &amp;'


class Reader(HTMLParser):
    """Tags, attributes and blocks of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.blocks, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ('meta', 'input', 'img'):
            self.open.append(tag)
            self.blocks.append([tag, dict(attrs), ''])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == self.blocks[-1][0]:
            self.blocks[-1][2] += data

    @property
    def scenes(self):
        return [
            json.loads(text)
            for _, attrs, text in self.blocks
            if attrs.get('class') == 'scene'
        ]


def read(scenes, tmp_path, **options):
    out = write_page(scenes, tmp_path / 'p.html', progress=False, **options)
    text = out.read_text(encoding='utf-8')
    return Reader(text), text


def png_of(layer):
    kind, data = layer['image'].split(',')
    assert kind == 'data:image/png;base64'
    return base64.b64decode(data)


def test_page_is_whole_and_loads_nothing(tmp_path):
    page, text = read([make_charted(), make_charted(seed=1)], tmp_path)
    assert page.open == []
    assert len(page.scenes) == 2
    assert 'Not for navigation' in text
    for _, attrs in page.tags:
        assert not {'src', 'href', 'srcset', 'action'} & set(attrs)
    own = re.sub('data:image/png;base64,[^"]*', '', text)
    assert not re.search(r'https?:|@import|url\(|fetch\(|//[a-z]', own)
    policies = [a['content'] for _, a in page.tags if 'http-equiv' in a]
    assert "default-src 'none'" in policies[0]
    assert [path.name for path in tmp_path.iterdir()] == ['p.html']


def test_charts_hold_the_class_colours(tmp_path):
    scene = make_charted()
    page, _ = read([scene], tmp_path)
    layers = {layer['name']: layer for layer in page.scenes[0]['layers']}
    assert list(layers) == [
        *('HH', 'HV', 'SIC', 'SOD', 'FLOE'),
        *('SIC interval width', 'SOD entropy', 'FLOE entropy'),
    ]
    status = scene['status'].values
    for name, task in TASKS.items():
        # A chart is an analyst's, also in the other pictures.
        assert layers[name]['title'] == f'{task.title}: prediction'
        image = Image.open(io.BytesIO(png_of(layers[name])))
        values = np.rint(scene[name].values)
        expected = np.empty((*status.shape, 3), np.uint8)
        expected[status == 1] = LAND_COLOUR
        expected[status == 2] = IGNORE_COLOUR
        classes = values[status == 0].astype(int)
        expected[status == 0] = np.array(task.palette)[classes]
        np.testing.assert_array_equal(image.convert('RGB'), expected)
        colours = {colour for _, colour in layers[name]['legend']}
        for colour in (*task.palette, LAND_COLOUR, IGNORE_COLOUR):
            assert '#' + bytes(colour).hex() in colours


def test_numbers_of_pixels_say_their_values(tmp_path):
    """What the readout of the page reads, without the browser."""
    scene = make_charted()
    page, _ = read([scene], tmp_path)
    for layer in page.scenes[0]['layers']:
        png = png_of(layer)
        parts = re.findall(rb'IDAT', png)
        start = png.index(b'IDAT')
        size = int.from_bytes(png[start - 4 : start], 'big')
        assert len(parts) == 1
        rows = zlib.decompress(png[start + 4 : start + 4 + size])
        rows = np.frombuffer(rows, np.uint8).reshape(120, 131)
        assert not rows[:, 0].any()
        texts = np.array(layer['values'])[rows[:, 1:]]
        if layer['name'] == 'SOD':
            charted = scene['status'].values == 0
            expected = np.array(TASKS['SOD'].classes)
            classes = scene['SOD'].values[charted]
            np.testing.assert_array_equal(texts[charted], expected[classes])
        if layer['name'] == 'HH':
            there = np.isfinite(scene['HH'].values)
            found = np.char.partition(texts[there], ' ')[:, 0].astype(float)
            values = scene['HH'].values[there]
            # Steps of grey, and the percent beyond the ends of the scale.
            assert np.quantile(np.abs(found - values), 0.97) < 0.5
            assert set(texts[~there]) == {'no SAR data'}


def test_texts_are_escaped(tmp_path):
    scene = make_charted()
    scene.attrs |= dict.fromkeys(('scene_id', 'model', 'source'), HOSTILE)
    scores = {HOSTILE: {HOSTILE: 1.0, 'SIC': float('nan')}}
    page, _ = read([scene], tmp_path, scores=scores, title=HOSTILE)
    tags = [tag for tag, _ in page.tags]
    assert tags.count('script') == 2
    assert [text for tag, _, text in page.blocks if tag == 'h1'] == [HOSTILE]
    block = page.scenes[0]
    assert block['id'] == HOSTILE
    assert block['scores'] == [[HOSTILE, '1.00'], ['SIC', 'none']]
    assert ['Model', HOSTILE] in block['provenance']


def test_large_scene_is_small_in_the_file(tmp_path, monkeypatch):
    """Noise in every layer is the worst case."""
    monkeypatch.setattr(page_module, 'MAX_SIDE', 160)
    page, _ = read([make_charted(640, 600)], tmp_path)
    scene = page.scenes[0]
    assert (scene['height'], scene['width']) == (160, 150)
    layers = scene['layers']
    sizes = {layer['name']: len(layer['image']) for layer in layers}
    # SAR has 5 bits a pixel before base64, so 2 MB at the full size.
    assert sizes['HH'] < 1.0 * 160 * 150
    assert sizes['SIC'] < 0.6 * 160 * 150


def test_scene_without_sar_and_with_one_task(tmp_path):
    scene = make_charted()[['SOD', 'status', 'latitude', 'longitude']]
    page, _ = read([scene], tmp_path)
    assert [one['name'] for one in page.scenes[0]['layers']] == ['SOD']


def test_wrong_input_is_named(tmp_path):
    with pytest.raises(ValueError, match='at least one'):
        write_page([], tmp_path / 'p.html')
    scene = make_charted().drop_vars(list(TASKS))
    with pytest.raises(PredictionError, match='expected one of the charts'):
        write_page([scene], tmp_path / 'p.html', progress=False)
    assert list(tmp_path.iterdir()) == []
