"""The page as somebody uses it; needs playwright and a browser.

Playwright's own browser will do (`playwright install chromium`), and so will
a Chromium on the path (`apt-get install chromium`).
"""

import os
import re
import shutil

import numpy as np
import pytest

from mmseaice.charts import TASKS
from mmseaice.scenes import Geolocation
from mmseaice.testing import make_charted
from mmseaice.visualization.page import write_page

pytestmark = pytest.mark.extras

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
HOSTILE = '<script>window.hurt = 1</script>'


@pytest.fixture(scope='module')
def scenes():
    first, second = make_charted(seed=1), make_charted(90, 200, seed=2)
    second.attrs['scene_id'] = HOSTILE
    return [first, second]


@pytest.fixture(scope='module')
def browser():
    api = pytest.importorskip('playwright.sync_api', reason='no playwright')
    found = next(filter(None, map(shutil.which, NAMES)), None)
    # Chromium refuses to run as root inside its sandbox.
    args = ['--no-sandbox'] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found, args=args
            )
        except api.Error as error:
            pytest.skip(f'no browser: {str(error).splitlines()[0]}')
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def address(scenes, tmp_path_factory):
    path = write_page(
        scenes,
        tmp_path_factory.mktemp('page') / 'page.html',
        scores={scenes[0].attrs['scene_id']: {'SIC': 91.234}},
        progress=False,
    )
    return path.as_uri()


@pytest.fixture
def page(request, browser, address):
    """The page in a window, which must stay without error or request."""
    context = browser.new_context(viewport={'width': 1200, 'height': 900})
    page = context.new_page()
    troubles, asked = [], []
    page.on('console', lambda message: troubles.append(message.text))
    page.on('pageerror', lambda error: troubles.append(str(error)))
    page.on('request', lambda sent: asked.append(sent.url))
    page.goto(address)
    page.wait_for_function("document.querySelector('#chart').naturalWidth > 0")
    yield page
    if folder := os.environ.get('MMSEAICE_SCREENSHOTS'):
        page.screenshot(path=f'{folder}/{request.node.name}.png')
    context.close()
    assert troubles == []
    assert all(url.split(':')[0] in ('file', 'data') for url in asked)


def scale_of(page):
    style = page.locator('#stack').evaluate('node => node.style.transform')
    return float(re.search(r'scale\(([\d.]+)\)', style)[1])


def test_slider_fades_the_chart(page):
    opacity = 'node => getComputedStyle(node).opacity'
    page.locator('#opacity').fill('25')
    assert page.locator('#chart').evaluate(opacity) == '0.25'
    page.locator('#opacity').press('ArrowRight')
    assert page.locator('#chart').evaluate(opacity) == '0.3'
    assert page.locator('#sar').evaluate(opacity) == '1'
    assert page.locator('#opacity-value').inner_text() == '30 %'


def test_colours_follow_the_system(page):
    colours = 'node => [getComputedStyle(node).backgroundColor, '
    colours += 'getComputedStyle(node).color]'
    seen = []
    for scheme in ('light', 'dark'):
        page.emulate_media(color_scheme=scheme)
        texts = page.locator('body').evaluate(colours)
        seen.append([int(re.findall(r'\d+', text)[0]) for text in texts])
    (light, on_light), (dark, on_dark) = seen
    assert light - on_light > 150
    assert on_dark - dark > 150


def test_zooms_by_button_wheel_and_key(page):
    fitted = scale_of(page)
    page.get_by_role('button', name='Zoom in').click()
    assert scale_of(page) == pytest.approx(1.5 * fitted, rel=1e-3)
    page.locator('#view').hover()
    page.mouse.wheel(0, -400)
    assert scale_of(page) == pytest.approx(1.5 * np.e * fitted, rel=1e-3)
    page.locator('#view').focus()
    page.keyboard.press('-')
    assert scale_of(page) == pytest.approx(np.e * fitted, rel=1e-3)
    rendering = 'node => getComputedStyle(node).imageRendering'
    assert page.locator('#chart').evaluate(rendering) == 'pixelated'
    page.keyboard.press('0')
    assert scale_of(page) == fitted


def test_drag_moves_by_as_much(page):
    for _ in range(4):
        page.get_by_role('button', name='Zoom in').click()
    box = page.locator('#chart').bounding_box()
    page.locator('#view').hover()
    page.mouse.down()
    view = page.locator('#view').bounding_box()
    page.mouse.move(
        view['x'] + view['width'] / 2 + 70, view['y'] + view['height'] / 2 - 40
    )
    page.mouse.up()
    after = page.locator('#chart').bounding_box()
    assert after['x'] - box['x'] == pytest.approx(70, abs=1)
    assert after['y'] - box['y'] == pytest.approx(-40, abs=1)


def test_pinch_zooms_about_the_fingers(page):
    before = scale_of(page)
    page.evaluate(
        """() => {
            const view = document.querySelector('#view');
            view.setPointerCapture = () => {};
            const box = view.getBoundingClientRect();
            const touch = (type, id, x) => view.dispatchEvent(
                new PointerEvent(type, {
                    pointerId: id, clientX: box.x + x,
                    clientY: box.y + 200, bubbles: true,
                }));
            touch('pointerdown', 1, 300);
            touch('pointerdown', 2, 400);
            touch('pointermove', 2, 500);
            touch('pointerup', 1, 300);
            touch('pointerup', 2, 500);
        }"""
    )
    assert scale_of(page) == pytest.approx(2 * before, rel=1e-3)


@pytest.mark.parametrize('place', [(0.31, 0.42), (0.77, 0.66), (0.9, 0.1)])
def test_readout_says_class_and_place(page, scenes, place):
    scene = scenes[0]
    box = page.locator('#chart').bounding_box()
    height, width = scene['status'].shape
    # The middle of a pixel.
    x, y = int(place[0] * width) + 0.5, int(place[1] * height) + 0.5
    where = box['x'] + x * box['width'] / width
    page.mouse.move(where, box['y'] + y * box['height'] / height)
    page.wait_for_function(
        "document.querySelector('#readout').textContent.includes('HH')"
    )
    text = page.locator('#readout').inner_text()
    at = {'y': int(y), 'x': int(x)}
    status = int(scene['status'][at])
    value = scene['SIC'][at].item()
    expected = TASKS['SIC'].classes[round(value)] if status == 0 else None
    assert f'SIC: {expected or ("", "land", "no data")[status]}' in text
    latitude, longitude = Geolocation.from_scene(scene).at(y, x)
    found = re.search(r'([\d.]+)° N, ([\d.]+)° W', text)
    assert float(found[1]) == pytest.approx(float(latitude), abs=6e-4)
    assert float(found[2]) == pytest.approx(-float(longitude), abs=6e-4)


def test_every_layer_can_be_chosen_by_keyboard(page):
    chosen = []
    page.get_by_role('radio', name='SIC', exact=True).focus()
    for _ in range(6):
        chosen.append(page.locator('#chart').get_attribute('alt'))
        page.keyboard.press('ArrowRight')
    assert len(set(chosen)) == 6
    page.get_by_role('radio', name='HV').check()
    assert 'HV' in page.locator('#sar').get_attribute('alt')
    assert page.locator('#legend').inner_text().count('no data') == 1


def test_another_scene_with_a_hostile_name(page, scenes):
    assert page.locator('#scores').inner_text().split() == ['SIC', '91.23']
    page.get_by_role('button', name='hurt').click()
    assert page.locator('h2#name').inner_text() == HOSTILE
    assert page.evaluate('window.hurt') is None
    size = 'node => [node.naturalWidth, node.naturalHeight]'
    page.wait_for_function(
        "document.querySelector('#chart').naturalWidth === 200"
    )
    assert page.locator('#chart').evaluate(size) == [200, 90]
    assert page.locator('#scores').is_hidden()
    assert (
        scenes[1].attrs['source'] in page.locator('#provenance').inner_text()
    )
