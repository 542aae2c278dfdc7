/** Every listener of this page, with its messages and its controls. */

import { atMostEvery, h, onceAFrame, setText } from '../lib/dom.js';
import { duration, latency, plural, timeOfDay } from '../lib/format.js';
import { hueOf, languageName, OFFERED } from '../lib/languages.js';
import { cells, VirtualList } from './virtual.js';

const STATES = {
  connecting: ['joining', 'wait'],
  open: ['listening', 'live'],
  refreshing: ['refreshing', 'wait'],
  reconnecting: ['reconnecting', 'bad'],
  closed: ['gone', ''],
};
const SHOWN = 60;

export function listenersCard({ people, events, attempt }) {
  const card = document.querySelector('.listeners');
  const count = h('p.number');
  let chosen = null;
  const inspector = h('div.inspector', { hidden: true });
  const list = new VirtualList({
    label: 'Listeners of this page', height: 40, fill, key: ({ number }) => number,
    select: (listener) => {
      chosen = listener;
      inspect();
    },
    empty: 'No listeners on this page yet.',
  });
  card.append(h('div.head', {}, h('h2', { id: 'listeners-title' }, 'Listeners'), count), list.element, inspector);
  const parts = inspectorParts(() => chosen, attempt);
  inspector.append(...parts.elements);

  const inspect = onceAFrame(() => {
    inspector.hidden = !chosen;
    if (chosen) parts.draw(chosen);
  });
  const draw = atMostEvery(0.12, () => {
    const all = [...people.listeners.values()];
    list.show(all);
    setText(count, all.length ? `${plural(all.length, 'socket')} on this page` : '');
    if (chosen && chosen.state === 'closed') chosen = null;
    inspect();
  });
  events.on('people heard clock', draw);
  draw();
  return { select: (listener) => list.choose(listener, true) };
}

function fill(row, listener) {
  const [swatch, name, text, state, took, received] = cells(row, 'swatch', 'name-of', 'text', 'state', 'end.number', 'end.number');
  swatch.style.setProperty('--hue', `var(${hueOf(listener.language)})`);
  setText(name, listener.name);
  setText(text, listener.last?.text ?? 'nothing yet');
  const [label, kind] = STATES[listener.state];
  if (!state.children.length) state.append(h('span.chip'));
  setText(state.firstChild, label);
  state.firstChild.className = `chip ${kind}`;
  setText(took, latency(listener.last?.latency));
  setText(received, String(listener.received));
}

function inspectorParts(chosen, attempt) {
  const name = h('b');
  const facts = h('span.muted');
  const history = h('ol', { tabindex: '0', 'aria-label': 'Messages received, newest first' });
  const language = h('select', { 'aria-label': 'Language' }, ...OFFERED.map((code) => h('option', { value: code }, languageName(code))));
  language.addEventListener('change', () => attempt(() => chosen().speak(language.value))());
  const cut = h('button', { type: 'button', onclick: attempt(() => chosen().cut()) }, 'Cut the socket');
  const leave = h('button', { type: 'button', onclick: attempt(() => chosen().leave()) }, 'Leave');
  return {
    elements: [
      h('div', {}, name, ' ', facts),
      h('div.row.wrap', {}, h('div', { style: 'width: 150px' }, language), cut, leave),
      history,
    ],
    draw: (listener) => {
      setText(name, listener.name);
      const ages = `socket ${duration(listener.age)} old`;
      const moves = `refreshed ${plural(listener.refreshes, 'time')}, reconnected ${plural(listener.returns, 'time')}`;
      setText(facts, `${ages} · ${moves} · ${listener.gaps ? `${listener.gaps} lost` : 'nothing lost'}`);
      if (document.activeElement !== language) language.value = listener.language;
      const newest = listener.history.slice(-SHOWN).reverse();
      history.replaceChildren(...newest.map(({ at, text, stream, seq, latency: took, late }) =>
        h('li', {}, h('span', {}, timeOfDay(at)), h('span.muted', {}, `${stream} #${seq}`), h('span', {}, text),
          h('span', {}, late ? 'recovered' : latency(took)))));
    },
  };
}
