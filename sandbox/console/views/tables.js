/** The current content of the stack's tables. */

import { atMostEvery, h, setText } from '../lib/dom.js';
import { plural } from '../lib/format.js';
import { cells, VirtualList } from './virtual.js';

const TABLES = {
  sessions: 'Sessions',
  counts: 'Listener counts',
  connections: 'Connections',
  subscriptions: 'Subscriptions',
  requests: 'Requests',
  history: 'History',
  rate_limits: 'Rate limits and seats',
};

export function tablesCard({ stack, events }) {
  const card = document.querySelector('.tables');
  let label = 'sessions';
  const detail = h('pre', { tabindex: '0', 'aria-label': 'The selected item' });
  const inspector = h('div.inspector', { hidden: true }, detail);
  let chosen = null;
  const list = new VirtualList({
    label: 'Items', height: 30, fill, key: ([key]) => key,
    select: ([key]) => {
      chosen = key;
      show();
    },
    empty: 'This table is empty.',
  });
  const tabs = h('div.tabs', { role: 'tablist', 'aria-label': 'Tables' }, ...Object.entries(TABLES).map(([name, text]) =>
    h('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': 'items', onclick: () => open(name) },
      text, ' ', h('span.number'))));
  const panel = h('div', { id: 'items', role: 'tabpanel', 'aria-labelledby': 'tab-sessions' }, list.element);
  card.append(h('div.head', {}, h('h2', { id: 'tables-title' }, 'Tables'), h('p', {}, 'everything that the stack stores')), tabs, panel, inspector);

  const show = atMostEvery(0.2, () => {
    for (const tab of tabs.children) {
      const name = tab.id.slice(4);
      setText(tab.querySelector('span'), String(stack.tables[name].size));
      tab.setAttribute('aria-selected', String(name === label));
      tab.tabIndex = name === label ? 0 : -1;
    }
    list.element.setAttribute('aria-label', `${TABLES[label]}: ${plural(stack.tables[label].size, 'item')}`);
    list.show([...stack.tables[label]]);
    const item = stack.tables[label].get(chosen);
    inspector.hidden = !item;
    if (item) setText(detail, JSON.stringify(item, null, 2));
  });
  const open = (name) => {
    label = name;
    chosen = null;
    panel.setAttribute('aria-labelledby', `tab-${name}`);
    show();
  };
  tabs.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...tabs.children];
    const next = all[(all.findIndex(({ tabIndex }) => tabIndex === 0) + step + all.length) % all.length];
    open(next.id.slice(4));
    next.focus();
  });
  events.on('tables', show);
  show();
}

function fill(row, [key, item]) {
  const [name, text] = cells(row, 'name-of', 'text');
  setText(name, key);
  setText(text, JSON.stringify(item));
}
