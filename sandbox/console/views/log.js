/** The message log, with a filter. */

import { atMostEvery, h, onceAFrame, setText } from '../lib/dom.js';
import { timeOfDay } from '../lib/format.js';
import { cells, VirtualList } from './virtual.js';

const KINDS = {
  '': 'Everything',
  story: 'Summary',
  sent: 'Sent',
  received: 'Received',
  socket: 'Sockets',
  stack: 'The stack’s log',
};

export function logCard({ journal, events }) {
  const card = document.querySelector('.log');
  const words = h('input', { type: 'search', id: 'filter', placeholder: 'Filter …', 'aria-label': 'Filter the log by text', oninput: () => draw() });
  const kind = h('select', { id: 'kind', 'aria-label': 'Kind of entry', onchange: () => draw() },
    ...Object.entries(KINDS).map(([value, text]) => h('option', { value }, text)));
  const routine = h('input', { type: 'checkbox', onchange: () => draw() });
  const hold = h('button.quiet', { type: 'button', 'aria-pressed': 'false', onclick: () => toggle() }, 'Hold');
  const clear = h('button.quiet', { type: 'button', onclick: () => journal.clear() }, 'Clear');
  const detail = h('pre', { tabindex: '0', 'aria-label': 'The selected message' });
  const inspector = h('div.inspector', { hidden: true }, detail);
  const list = new VirtualList({
    label: 'Log', height: 28, fill, key: ({ id }) => id, stick: true,
    select: (entry) => {
      inspector.hidden = false;
      setText(detail, entry.detail ? JSON.stringify(entry.detail, null, 2) : entry.text);
    },
    empty: 'Nothing yet.',
  });
  card.append(
    h('div.head', {}, h('h2', { id: 'log-title' }, 'Log'), h('div.end.row', {}, hold, clear)),
    h('div.row.wrap', {}, h('div.grow', { style: 'min-width: 130px' }, words), h('div', { style: 'width: 140px' }, kind),
      h('label.inline', {}, routine, h('span.small', {}, 'heartbeats'))),
    list.element, inspector,
  );
  let held = false;
  const toggle = () => {
    held = !held;
    hold.setAttribute('aria-pressed', String(held));
    draw();
  };
  const now = onceAFrame(() => {
    const wanted = words.value.trim().toLowerCase();
    list.show(journal.entries.filter((entry) => matches(entry, wanted, kind.value, routine.checked)));
  });
  const draw = () => now();
  const grow = atMostEvery(0.15, () => held || now());
  events.on('journal', grow);
  draw();
}

function matches(entry, wanted, kind, routine) {
  if (kind && entry.kind !== kind) return false;
  if (entry.routine && !routine) return false;
  return !wanted || `${entry.who} ${entry.text} ${entry.type}`.toLowerCase().includes(wanted);
}

const ARROWS = { sent: '→ ', received: '← ', socket: '', stack: '', story: '' };

function fill(row, entry) {
  const [at, who, text] = cells(row, 'number muted', 'who', 'text');
  row.className = `item${entry.kind === 'story' ? ' story-line' : ''}${entry.wrong ? ' wrong' : ''}`;
  setText(at, timeOfDay(entry.at));
  setText(who, entry.kind === 'stack' ? `λ ${entry.who}` : entry.who);
  setText(text, `${ARROWS[entry.kind]}${entry.text}`);
}
