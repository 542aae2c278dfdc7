/** Listeners by language over the last three minutes, as stacked areas. */

import { h, onceAFrame, svg } from '../lib/dom.js';
import { duration, plural, timeOfDay } from '../lib/format.js';
import { hueOf, languageName } from '../lib/languages.js';
import { axes, chart, footer, plot, reading, scale } from './chart.js';

const SECONDS = 180; // shown; one sample a second
const JUMP = 30_000; // milliseconds by which the clock is moved
const PAUSE = 12; // samples between two moves that still count as one

export function crowdCard({ people, stack, events }) {
  const card = document.querySelector('.crowd');
  const picture = chart(190);
  const key = h('ul.key');
  card.append(h('div.head', {}, h('h2', { id: 'crowd-title' }, 'Listeners by language'), h('p', {}, 'last three minutes')),
    picture.box, key);
  const samples = []; // {at, counts, moved}
  let moved = 0;
  let drawn = null;

  const draw = onceAFrame(() => {
    drawn = paint(picture, samples);
    picture.element.setAttribute('aria-label', summary(samples.at(-1)));
    drawKey(key, drawn.languages, samples.at(-1)?.counts ?? {});
  });
  events.on('clock', ({ by }) => {
    moved += by > JUMP ? by : 0;
  });
  const sample = () => {
    samples.push({ at: stack.now, counts: { ...stack.session(people.sessionId)?.languageCounts }, moved });
    moved = 0;
    if (samples.length > SECONDS) samples.shift();
    draw();
  };
  setInterval(sample, 1000);
  window.addEventListener('resize', draw);
  reading(picture, (x) => read(drawn, samples, x));
  sample();
}

const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

function summary(sample) {
  const parts = Object.entries(sample?.counts ?? {}).filter(([, count]) => count > 0);
  if (!parts.length) return 'No listeners';
  return `${plural(total(sample.counts), 'listener')}: ${parts.map(([code, count]) => `${languageName(code)} ${count}`).join(', ')}`;
}

function paint({ element, height }, samples) {
  const area = plot({ element, height });
  const found = new Set(samples.flatMap(({ counts }) => Object.keys(counts).filter((code) => counts[code] > 0)));
  const languages = [...found];
  const range = scale(Math.max(4, ...samples.map(({ counts }) => total(counts))));
  const x = (index) => area.right - ((samples.length - 1 - index) / (SECONDS - 1)) * area.width;
  const y = (value) => area.bottom - (value / range.top) * area.height;
  const below = samples.map(() => 0);
  const layers = languages.map((language) => {
    const lower = [...below];
    samples.forEach(({ counts }, index) => {
      below[index] += counts[language] ?? 0;
    });
    return layer(below, lower, x, y, `var(${hueOf(language)})`);
  });
  const jumps = journeys(samples).map((journey) => drawJourney(journey, x, area));
  element.replaceChildren(axes(area, range), ...layers, ...jumps, footer(area, '3 min ago', 'now'));
  return { area, languages, x };
}

function layer(upper, lower, x, y, fill) {
  const there = upper.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const back = lower.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).reverse();
  // A line in the card's colour separates neighbours, for readers who cannot tell their hues apart.
  return svg('path', { d: `M${[...there, ...back].join('L')}Z`, fill, stroke: 'var(--card)', 'stroke-width': 1 });
}

/** Return the intervals in which the clock was moved: first and last sample, and milliseconds. */
function journeys(samples) {
  const found = [];
  samples.forEach(({ moved }, index) => {
    if (!moved) return;
    const last = found.at(-1);
    if (last && index - last.to <= PAUSE) Object.assign(last, { to: index, moved: last.moved + moved });
    else found.push({ from: index, to: index, moved });
  });
  return found;
}

function drawJourney({ from, to, moved }, x, { top, bottom }) {
  const left = x(from - 1);
  const text = svg('text', { class: 'axis', x: (left + x(to)) / 2, y: top - 4, 'text-anchor': 'middle' }, `+${duration(moved / 1000)}`);
  return svg('g', {}, svg('rect', { class: 'journey', x: left, y: top, width: Math.max(2, x(to) - left), height: bottom - top }), text);
}

function drawKey(key, languages, counts) {
  const now = languages.map((code) => `${code}${counts[code] ?? 0}`).join();
  if (key.dataset.now === now) return;
  key.dataset.now = now;
  key.replaceChildren(...languages.map((code) =>
    h('li', {}, h('span.swatch', { style: `--hue: var(${hueOf(code)})` }), `${languageName(code)} ${counts[code] ?? 0}`)));
}

function read(drawn, samples, x) {
  if (!drawn || !samples.length) return null;
  const { area } = drawn;
  const back = Math.round(((area.right - x) / area.width) * (SECONDS - 1));
  const sample = samples[samples.length - 1 - back];
  if (!sample || x < area.left) return null;
  const jumped = sample.moved ? `\nclock moved by ${duration(sample.moved / 1000)}` : '';
  return { x, text: `${timeOfDay(sample.at)}\n${summary(sample)}${jumped}` };
}
