/** The bar: whether the stack is there, its clock, the theme. */

import { atMostEvery, h, say } from '../lib/dom.js';
import { duration, timeOfDay } from '../lib/format.js';

const LINK = {
  connecting: 'Connecting to the stack …',
  live: 'Stack connected',
  lost: 'The stack is gone; waiting for it …',
};
const THEME = 'lectern-theme';

export function bar({ stack, news }) {
  const link = document.querySelector('#link');
  const now = document.querySelector('#now');
  const showLink = () => {
    link.dataset.state = stack.state;
    say(link, LINK[stack.state]);
  };
  const time = h('b');
  const moved = h('em');
  now.append(h('span.sr', {}, 'The stack’s clock: '), time, ' ', moved);
  const showClock = atMostEvery(0.1, () => {
    say(time, timeOfDay(stack.now));
    if (stack.moved > 1000) say(moved, `+${duration(stack.moved / 1000)}`);
  });
  news.on('link', showLink);
  news.on('clock', showClock);
  setInterval(showClock, 1000);
  showLink();
  theme();
  story(news);
}

function theme() {
  const root = document.documentElement;
  const button = document.querySelector('#theme');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const set = (dark) => {
    root.dataset.theme = dark ? 'dark' : 'light';
    root.style.colorScheme = root.dataset.theme;
    button.setAttribute('aria-pressed', String(dark));
    window.dispatchEvent(new Event('resize')); // whatever is drawn takes its colours anew
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

/** What just happened, in a sentence that stays for a moment. */
function story(news) {
  const line = document.querySelector('#story');
  let timer;
  news.on('story', (text) => {
    say(line, text);
    line.classList.add('shown');
    clearTimeout(timer);
    timer = setTimeout(() => line.classList.remove('shown'), 5000);
  });
}
