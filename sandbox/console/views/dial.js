/** Every connection on a dial of two hours, API Gateway's limit for a socket. */

import { atMostEvery, colour, h, onceAFrame, setText, sharp } from '../lib/dom.js';
import { duration, plural } from '../lib/format.js';
import { hueOf } from '../lib/languages.js';

const LIFE = 120; // minutes
const TOP = -Math.PI / 2;
const angle = (minutes) => TOP + (Math.min(minutes, LIFE) / LIFE) * Math.PI * 2;

export function dialCard({ people, stack, events }) {
  const card = document.querySelector('.dial');
  const canvas = h('canvas', { role: 'img', style: 'aspect-ratio: 1' });
  const note = h('p.small.muted');
  card.append(
    h('div.head', {}, h('h2', { id: 'dial-title' }, 'A socket lives two hours')),
    h('div.picture', {}, canvas),
    h('ul.key', {},
      h('li', { style: '--hue: var(--accent)' }, h('i'), 'asked to refresh'),
      h('li', { style: '--hue: var(--warn)' }, h('i'), 'warned'),
      h('li', { style: '--hue: var(--bad)' }, h('i'), 'closed')),
    note,
  );
  const draw = onceAFrame(() => {
    const marks = connections(people, stack);
    paint(canvas, marks);
    const oldest = Math.max(0, ...marks.map(({ minutes }) => minutes));
    const text = marks.length
      ? `${plural(marks.length, 'connection')}, the oldest ${duration(oldest * 60)} old`
      : 'No connection';
    canvas.setAttribute('aria-label', text);
    setText(note, moved(people));
  });
  events.on('tables clock', draw);
  const slowly = atMostEvery(1, draw);
  setInterval(slowly, 5000);
  window.addEventListener('resize', draw);
  new ResizeObserver(draw).observe(canvas);
  draw();
}

function moved(people) {
  const everybody = [...people.listeners.values(), ...(people.speaker ? [people.speaker] : [])];
  const refreshes = everybody.reduce((sum, { refreshes: some }) => sum + some, 0);
  if (!refreshes) return 'At 100 minutes the stack asks each client to move to a new socket. Move the clock and watch.';
  return `Clients moved to a new socket ${plural(refreshes, 'time')}, without a gap.`;
}

/** Return the connections of the shown session, or all of them. */
function connections({ sessionId }, { tables, now }) {
  return [...tables.connections.values()]
    .filter((each) => (sessionId ? each.sessionId === sessionId : true) && !each.supersededBy)
    .map(({ connectedAt, role, targetLanguage }) => ({
      minutes: Math.max(0, now - connectedAt) / 60_000,
      speaker: role === 'speaker',
      language: targetLanguage ?? '',
    }));
}

function paint(canvas, marks) {
  const { context, width } = sharp(canvas);
  const centre = width / 2;
  const radius = centre - 30;
  context.translate(centre, centre);
  arc(context, radius, 0, LIFE, colour('--sunk'), 18);
  arc(context, radius, 100, 104, colour('--accent'), 18, 0.35);
  arc(context, radius, 105, 106, colour('--warn'), 18, 0.5);
  arc(context, radius, 119, 120, colour('--bad'), 18, 0.6);
  numerals(context, radius);
  stacked(context, marks, radius);
  middle(context, marks);
}

function arc(context, radius, from, to, stroke, width, alpha = 1) {
  context.globalAlpha = alpha;
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.beginPath();
  context.arc(0, 0, radius, angle(from), angle(to));
  context.stroke();
  context.globalAlpha = 1;
}

function numerals(context, radius) {
  context.fillStyle = colour('--ink-3');
  context.font = `11px ${colour('--sans')}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let minutes = 0; minutes < LIFE; minutes += 20) {
    const at = angle(minutes);
    context.fillText(String(minutes), Math.cos(at) * (radius + 21), Math.sin(at) * (radius + 21));
  }
}

/** Marks of the same minute are stacked towards the centre, as far as there is room. */
function stacked(context, marks, radius) {
  const depth = new Map();
  const most = Math.max(1, ...count(marks).values());
  const pitch = Math.min(8, (radius * 0.5) / most);
  for (const { minutes, speaker, language } of marks) {
    const slot = Math.round(minutes);
    const behind = depth.get(slot) ?? 0;
    depth.set(slot, behind + 1);
    const at = angle(slot);
    const away = radius - 14 - behind * pitch;
    context.fillStyle = speaker ? colour('--ink') : colour(hueOf(language));
    context.beginPath();
    context.arc(Math.cos(at) * away, Math.sin(at) * away, speaker ? 5 : Math.max(1.6, Math.min(3.4, pitch * 0.44)), 0, Math.PI * 2);
    context.fill();
  }
}

function count(marks) {
  const counts = new Map();
  for (const { minutes } of marks) counts.set(Math.round(minutes), (counts.get(Math.round(minutes)) ?? 0) + 1);
  return counts;
}

function middle(context, marks) {
  const oldest = Math.max(0, ...marks.map(({ minutes }) => minutes));
  context.textAlign = 'center';
  context.fillStyle = colour('--ink');
  context.font = `640 22px ${colour('--sans')}`;
  context.fillText(marks.length ? duration(oldest * 60) : '–', 0, -4);
  context.fillStyle = colour('--ink-3');
  context.font = `12px ${colour('--sans')}`;
  context.fillText(marks.length ? 'oldest socket' : 'no sockets', 0, 18);
}
