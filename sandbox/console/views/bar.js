/** The bar: the connection to the stack, its clock, the theme. */

import { atMostEvery, h, setText } from '../lib/dom.js';
import { duration, timeOfDay } from '../lib/format.js';

const LINK = {
  connecting: 'Connecting to the stack …',
  live: 'Stack connected',
  lost: 'Stack disconnected, reconnecting …',
};
const THEME = 'lectern-theme';

export function bar({ stack, events }) {
  const link = document.querySelector('#link');
  const now = document.querySelector('#now');
  const showLink = () => {
    link.dataset.state = stack.state;
    setText(link, LINK[stack.state]);
  };
  const time = h('b');
  const moved = h('em');
  now.append(h('span.sr', {}, 'The stack’s clock: '), time, ' ', moved);
  const showClock = atMostEvery(0.1, () => {
    setText(time, timeOfDay(stack.now));
    if (stack.moved > 1000) setText(moved, `+${duration(stack.moved / 1000)}`);
  });
  events.on('link', showLink);
  events.on('clock', showClock);
  setInterval(showClock, 1000);
  showLink();
  theme();
  story(events);
}

function theme() {
  const root = document.documentElement;
  const button = document.querySelector('#theme');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const set = (dark) => {
    root.dataset.theme = dark ? 'dark' : 'light';
    root.style.colorScheme = root.dataset.theme;
    button.setAttribute('aria-pressed', String(dark));
    window.dispatchEvent(new Event('resize')); // redraws everything in the new colours
  };
  const kept = localStorage.getItem(THEME);
  set(kept ? kept === 'dark' : system.matches);
  system.addEventListener('change', ({ matches }) => localStorage.getItem(THEME) ?? set(matches));
  button.addEventListener('click', () => {
    const dark = root.dataset.theme !== 'dark';
    localStorage.setItem(THEME, dark ? 'dark' : 'light');
    set(dark);
  });
}

/** Show the latest sentence for a moment. */
function story(events) {
  const line = document.querySelector('#story');
  let timer;
  events.on('story', (text) => {
    setText(line, text);
    line.classList.add('shown');
    clearTimeout(timer);
    timer = setTimeout(() => line.classList.remove('shown'), 5000);
  });
}
