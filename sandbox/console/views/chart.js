/** The base of the charts: an SVG with axes that fits its box, and a crosshair that shows values. */

import { h, svg } from '../lib/dom.js';

export const MARGIN = { left: 34, right: 10, top: 18, bottom: 22 };

export function chart(height) {
  const element = svg('svg', { role: 'img', height });
  const tip = h('div.tip', { hidden: true });
  const box = h('div.picture', {}, element, tip);
  return { element, tip, box, height };
}

/** Return the plot's current rectangle; set the SVG's coordinates to pixels. */
export function plot({ element, height }) {
  const width = Math.max(120, element.clientWidth);
  element.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const { left, right, top, bottom } = MARGIN;
  return { left, top, right: width - right, bottom: height - bottom, width: width - left - right, height: height - top - bottom };
}

/** Return a round number at or above the greatest value, and the steps up to it. */
export function scale(greatest) {
  const rough = Math.max(greatest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough));
  const top = step * Math.ceil(Math.max(greatest, 1) / step);
  return { top, steps: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step) };
}

export function axes(area, { top, steps }, label = String) {
  const lines = steps.flatMap((value) => {
    const y = area.bottom - (value / top) * area.height;
    const text = svg('text', { class: 'axis', x: area.left - 6, y: y + 4, 'text-anchor': 'end' }, label(value));
    return [svg('line', { class: 'gridline', x1: area.left, x2: area.right, y1: y, y2: y }), text];
  });
  return svg('g', {}, ...lines);
}

export function footer(area, first, last) {
  const y = area.bottom + 16;
  return svg('g', {},
    svg('text', { class: 'axis', x: area.left, y }, first),
    svg('text', { class: 'axis', x: area.right, y, 'text-anchor': 'end' }, last));
}

/** Show `{x, text}` that `read` returns for the pointer's share of the width, if anything. */
export function reading({ element, tip, box }, read) {
  const line = svg('line', { class: 'crosshair', visibility: 'hidden' });
  box.addEventListener('pointermove', (event) => {
    const found = read(event.clientX - box.getBoundingClientRect().left);
    tip.hidden = !found;
    line.setAttribute('visibility', found ? 'visible' : 'hidden');
    if (!found) return;
    const { x, text } = found;
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: MARGIN.top, y2: element.clientHeight - MARGIN.bottom })) {
      line.setAttribute(name, value);
    }
    element.append(line);
    tip.textContent = text;
    tip.style.left = `${Math.min(Math.max(x, 80), box.clientWidth - 80)}px`;
    tip.style.top = '48px';
  });
  box.addEventListener('pointerleave', () => {
    tip.hidden = true;
    line.setAttribute('visibility', 'hidden');
  });
}
