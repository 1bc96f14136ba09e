'use strict';
(() => {
  const get = (id) => document.getElementById(id);
  const make = (tag, text, parent) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const view = get('view');
  const stack = get('stack');
  const groups = { sar: get('sar'), chart: get('chart') };
  const MOST = 40;    // screen pixels per image pixel
  const KEY_STEP = 60;  // screen pixels

  let scene = null;
  let shown = {};     // layer by group
  let scale = 1;
  let left = 0;
  let top = 0;
  let fitted = true;

  // ---- Layers -------------------------------------------------------

  /* Palette numbers of a layer's PNG, one byte per pixel. Browsers only
     give colours back, and classes may share a colour. */
  async function readIndex(layer) {
    const text = atob(layer.image.split(',')[1]);
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const data = new DataView(bytes.buffer);
    const parts = [];
    for (let at = 8; at < bytes.length;) {
      const length = data.getUint32(at);
      if (text.slice(at + 4, at + 8) === 'IDAT') {
        parts.push(bytes.subarray(at + 8, at + 8 + length));
      }
      at += length + 12;
    }
    const inflated = new Blob(parts).stream()
      .pipeThrough(new DecompressionStream('deflate'));
    return new Uint8Array(await new Response(inflated).arrayBuffer());
  }

  function showLayer(group, layer) {
    const image = groups[group];
    shown[group] = layer;
    image.hidden = !layer;
    if (!layer) return;
    image.src = layer.image;
    image.alt = `${layer.title} of scene ${scene.id}`;
    layer.index ??= readIndex(layer).then((index) => { layer.data = index; })
      .catch(() => {});  // An old browser shows pictures without values.
    drawLegend();
  }

  function drawChoice(group) {
    const box = get(`${group}-choice`);
    const layers = scene.layers.filter((layer) => layer.group === group);
    const before = shown[group] && shown[group].name;
    const first = layers.find((layer) => layer.name === before) || layers[0];
    box.querySelectorAll('label').forEach((label) => label.remove());
    box.hidden = !layers.length;
    for (const layer of layers) {
      const label = make('label', undefined, box);
      const input = make('input', undefined, label);
      Object.assign(input, {
        type: 'radio', name: group, value: layer.name,
        checked: layer === first,
      });
      input.addEventListener('change', () => showLayer(group, layer));
      label.append(` ${layer.name}`);
      label.title = layer.title;
    }
    showLayer(group, first);
  }

  function drawLegend() {
    const box = get('legend');
    box.replaceChildren();
    for (const layer of [shown.chart, shown.sar].filter(Boolean)) {
      make('p', layer.title, box);
      if (layer.ramp) {
        const ramp = make('div', undefined, box);
        ramp.className = 'ramp';
        ramp.style.background =
          `linear-gradient(to right, ${layer.ramp.colours.join(', ')})`;
        const ends = make('div', undefined, box);
        ends.className = 'ends';
        make('span', layer.ramp.low, ends);
        make('span', layer.ramp.high, ends);
      }
      const list = make('ul', undefined, box);
      for (const [name, colour] of layer.legend) {
        const item = make('li', undefined, list);
        const swatch = make('span', undefined, item);
        swatch.className = 'colour';
        swatch.style.background = colour;
        item.append(name);
      }
    }
  }

  function drawTable(id, rows) {
    const body = get(id).tBodies[0];
    body.replaceChildren();
    for (const [name, value] of rows) {
      const row = make('tr', undefined, body);
      make('th', name, row).scope = 'row';
      make('td', value, row);
    }
  }

  function drawCompass() {
    const box = get('compass');
    box.replaceChildren();
    for (const [name, [x, y]] of Object.entries(scene.compass)) {
      make('i', undefined, box).style.transform =
        `rotate(${Math.atan2(y, x)}rad)`;
      const text = make('b', name, box);
      text.style.left = `${36 + 28 * x}px`;
      text.style.top = `${36 + 28 * y}px`;
    }
  }

  // ---- Moving -------------------------------------------------------

  const fitScale = () => Math.min(
    view.clientWidth / scene.width, view.clientHeight / scene.height);

  function place() {
    const low = fitScale();
    scale = Math.min(Math.max(scale, low), Math.max(MOST, low));
    fitted = scale === low;
    const clamp = (at, size, room) => size <= room
      ? (room - size) / 2
      : Math.min(Math.max(at, room / 2 - size), room / 2);
    left = clamp(left, scene.width * scale, view.clientWidth);
    top = clamp(top, scene.height * scale, view.clientHeight);
    stack.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    stack.classList.toggle('near', scale > 1);
  }

  function fit() {
    scale = 0;
    place();
  }

  function zoom(by, x = view.clientWidth / 2, y = view.clientHeight / 2) {
    const low = fitScale();
    const next = Math.min(Math.max(scale * by, low), Math.max(MOST, low));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    place();
  }

  function move(dx, dy) {
    left += dx;
    top += dy;
    place();
  }

  // ---- Values under the pointer -------------------------------------

  const RADIAN = Math.PI / 180;

  /* Latitude and longitude by upward vectors, which are straight where
     degrees jump; bilinear between the nodes of a regular grid. */
  function locate(x, y) {
    const { rows, columns, latitude, longitude } = scene.grid;
    const v = Math.min(Math.max(y, 0), 1) * (rows - 1);
    const u = Math.min(Math.max(x, 0), 1) * (columns - 1);
    const i = Math.min(Math.floor(v), rows - 2);
    const j = Math.min(Math.floor(u), columns - 2);
    const sum = [0, 0, 0];
    for (const [di, dj] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      const weight = Math.abs(1 - di - (v - i)) * Math.abs(1 - dj - (u - j));
      const node = (i + di) * columns + j + dj;
      const phi = latitude[node] * RADIAN;
      const lambda = longitude[node] * RADIAN;
      sum[0] += weight * Math.cos(phi) * Math.cos(lambda);
      sum[1] += weight * Math.cos(phi) * Math.sin(lambda);
      sum[2] += weight * Math.sin(phi);
    }
    const lat = Math.atan2(sum[2], Math.hypot(sum[0], sum[1])) / RADIAN;
    return [lat, Math.atan2(sum[1], sum[0]) / RADIAN];
  }

  function readAt(x, y) {
    const column = Math.floor((x - left) / scale);
    const row = Math.floor((y - top) / scale);
    const inside = column >= 0 && row >= 0
      && column < scene.width && row < scene.height;
    if (!inside) {
      get('readout').textContent = '\u00a0';
      return;
    }
    const [lat, lon] = locate(
      (x - left) / scale / scene.width, (y - top) / scale / scene.height);
    const texts = [
      `${Math.abs(lat).toFixed(3)}\u00b0 ${lat < 0 ? 'S' : 'N'}, `
        + `${Math.abs(lon).toFixed(3)}\u00b0 ${lon < 0 ? 'W' : 'E'}`,
    ];
    for (const layer of [shown.chart, shown.sar].filter(Boolean)) {
      if (!layer.data) continue;
      // Each row of a PNG begins with one byte of its own.
      const index = layer.data[row * (scene.width + 1) + 1 + column];
      texts.push(`${layer.name}: ${layer.values[index]}`);
    }
    get('readout').textContent = texts.join('   \u00b7   ');
  }

  function readCentre() {
    get('cross').hidden = false;
    readAt(view.clientWidth / 2, view.clientHeight / 2);
  }

  // ---- Controls -----------------------------------------------------

  const pointers = new Map();
  const spot = (event) => {
    const box = view.getBoundingClientRect();
    return [event.clientX - box.left - view.clientLeft,
      event.clientY - box.top - view.clientTop];
  };
  const middle = (points) => [0, 1].map(
    (k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
  const spread = (points) => points.length < 2 ? 0
    : Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]);

  view.addEventListener('pointerdown', (event) => {
    view.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, spot(event));
    view.classList.add('moving');
  });
  view.addEventListener('pointermove', (event) => {
    const now = spot(event);
    if (pointers.has(event.pointerId)) {
      const before = [...pointers.values()].slice(0, 2);
      pointers.set(event.pointerId, now);
      const after = [...pointers.values()].slice(0, 2);
      const [from, to] = [middle(before), middle(after)];
      move(to[0] - from[0], to[1] - from[1]);
      if (spread(before) && spread(after)) {
        zoom(spread(after) / spread(before), ...to);
      }
    }
    get('cross').hidden = true;
    readAt(...now);
  });
  for (const name of ['pointerup', 'pointercancel']) {
    view.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      view.classList.toggle('moving', pointers.size > 0);
    });
  }
  view.addEventListener('wheel', (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    const [x, y] = spot(event);
    zoom(Math.exp(-pixels / 400), x, y);
    readAt(x, y);
  }, { passive: false });
  view.addEventListener('keydown', (event) => {
    const acts = {
      ArrowLeft: () => move(KEY_STEP, 0),
      ArrowRight: () => move(-KEY_STEP, 0),
      ArrowUp: () => move(0, KEY_STEP),
      ArrowDown: () => move(0, -KEY_STEP),
      '+': () => zoom(1.5),
      '=': () => zoom(1.5),
      '-': () => zoom(1 / 1.5),
      0: fit,
    };
    if (!(event.key in acts) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
    readCentre();
  });
  get('zoom-in').addEventListener('click', () => zoom(1.5));
  get('zoom-out').addEventListener('click', () => zoom(1 / 1.5));
  get('fit').addEventListener('click', fit);
  const fade = () => {
    const { value } = get('opacity');
    groups.chart.style.opacity = value / 100;
    get('opacity-value').textContent = `${value} %`;
  };
  get('opacity').addEventListener('input', fade);
  new ResizeObserver(() => {
    if (scene) (fitted ? fit : place)();
  }).observe(view);

  // ---- Scenes -------------------------------------------------------

  const sources = [...document.querySelectorAll('script.scene')];
  const buttons = sources.map((source) => {
    const item = make('li', undefined, get('scenes'));
    const button = make('button', source.dataset.id, item);
    button.type = 'button';
    make('small', source.dataset.time, button);
    button.addEventListener('click', () => show(source, button));
    return button;
  });

  function show(source, button) {
    scene = JSON.parse(source.textContent);
    buttons.forEach((other) => other.removeAttribute('aria-current'));
    button.setAttribute('aria-current', 'true');
    get('name').textContent = scene.id;
    get('readout').textContent = '\u00a0';
    stack.style.width = `${scene.width}px`;
    stack.style.height = `${scene.height}px`;
    drawChoice('sar');
    drawChoice('chart');
    drawCompass();
    drawTable('provenance', scene.provenance);
    drawTable('scores', scene.scores);
    get('scores-part').hidden = !scene.scores.length;
    fit();
  }

  fade();
  show(sources[0], buttons[0]);
})();
