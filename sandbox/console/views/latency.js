/** The delay of each broadcast from the speaker's call to the listeners of this page. */

import { h, onceAFrame, setText, svg } from '../lib/dom.js';
import { latency, plural, quantile } from '../lib/format.js';
import { axes, chart, footer, plot, reading, scale } from './chart.js';

const SHOWN = 60; // broadcasts

export function latencyCard({ events }) {
  const card = document.querySelector('.latency');
  const picture = chart(150);
  const figures = {
    median: h('dd', { id: 'median' }, '–'),
    most: h('dd', {}, '–'),
    received: h('dd', { id: 'received' }, '0'),
  };
  card.append(
    h('div.head', {}, h('h2', { id: 'latency-title' }, 'From the speaker to a listener'), h('p', {}, `last ${SHOWN} broadcasts`)),
    h('dl.figures', {},
      h('div', {}, h('dt', {}, 'median'), figures.median),
      h('div', {}, h('dt', {}, '95th percentile'), figures.most),
      h('div', {}, h('dt', {}, 'received on this page'), figures.received)),
    picture.box,
    h('p.small.muted', {}, 'The line is the median of each broadcast, the band goes from its fastest to its slowest delivery.'),
  );
  const broadcasts = new Map(); // stream and seq → latencies
  let received = 0;
  let drawn = null;

  const draw = onceAFrame(() => {
    const shown = [...broadcasts.values()].map(({ name, all }) => spread(name, all));
    drawn = { shown, ...paint(picture, shown) };
    const all = [...broadcasts.values()].flatMap((each) => each.all).sort((a, b) => a - b);
    setText(figures.median, latency(quantile(all, 0.5)));
    setText(figures.most, latency(quantile(all, 0.95)));
    setText(figures.received, received.toLocaleString('en'));
    picture.element.setAttribute('aria-label', `Median delivery ${latency(quantile(all, 0.5))}`);
  });
  events.on('heard', ({ heard }) => {
    received += 1;
    if (heard.latency !== null && !heard.late) note(broadcasts, heard);
    draw();
  });
  window.addEventListener('resize', draw);
  reading(picture, (x) => read(drawn, x));
  draw();
}

function note(broadcasts, { stream, seq, latency: taken, text }) {
  const id = `${stream}#${seq}`;
  if (!broadcasts.has(id)) {
    broadcasts.set(id, { name: `${id} ${text}`, all: [] });
    if (broadcasts.size > SHOWN) broadcasts.delete(broadcasts.keys().next().value);
  }
  broadcasts.get(id).all.push(taken);
}

function spread(name, all) {
  const sorted = [...all].sort((a, b) => a - b);
  return { name, count: sorted.length, least: sorted[0], median: quantile(sorted, 0.5), most: sorted.at(-1) };
}

function paint({ element, height }, shown) {
  const area = plot({ element, height });
  const range = scale(Math.max(20, ...shown.map(({ most }) => most)));
  const x = (index) => area.right - (shown.length - 1 - index) * (area.width / (SHOWN - 1));
  const y = (value) => area.bottom - (value / range.top) * area.height;
  const line = (pick, from = shown) => from.map((each) => `${x(shown.indexOf(each)).toFixed(1)},${y(pick(each)).toFixed(1)}`);
  const parts = [axes(area, range)];
  if (shown.length) {
    const band = [...line(({ most }) => most), ...line(({ least }) => least, [...shown].reverse())];
    parts.push(svg('path', { class: 'band', d: `M${band.join('L')}Z` }));
    parts.push(svg('path', { class: 'median', d: `M${line(({ median }) => median).join('L')}` }));
    parts.push(svg('circle', { class: 'dot', r: 4, cx: x(shown.length - 1), cy: y(shown.at(-1).median) }));
  }
  element.replaceChildren(...parts, footer(area, 'earlier', 'newest'));
  return { area, x };
}

function read(drawn, at) {
  if (!drawn?.shown.length) return null;
  const { shown, area, x } = drawn;
  const index = shown.length - 1 - Math.round((area.right - at) / (area.width / (SHOWN - 1)));
  const each = shown[index];
  if (!each) return null;
  const times = `${latency(each.least)} – ${latency(each.median)} – ${latency(each.most)}`;
  return { x: x(index), text: `${each.name}\n${plural(each.count, 'delivery', 'deliveries')}: ${times}` };
}
