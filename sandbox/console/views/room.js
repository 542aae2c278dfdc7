/** The room: a seat for each listener, and each message on its way to a seat. */

import { atMostEvery, h, onceAFrame, setText, sharp } from '../lib/dom.js';
import { duration, latency, plural } from '../lib/format.js';
import { hueOf, languageName } from '../lib/languages.js';
import { arrange } from './seats.js';
import { paintRoom } from './roompaint.js';

const FLIGHT = 380; // milliseconds of the animation of a message; its delivery takes far fewer
const GLOW = 1500;
const MOST_FLYING = 160;

export function roomCard({ people, stack, events, select }) {
  const card = document.querySelector('.room');
  const canvas = h('canvas', { role: 'img' });
  const tip = h('div.tip', { hidden: true });
  const captions = h('ul.captions');
  const said = h('p.said', { 'aria-live': 'off' });
  const count = h('p.number', { id: 'count-in-room' });
  card.append(h('div.head', {}, h('h2', { id: 'room-title' }, 'The room'), count),
    h('div.picture', {}, canvas, tip), said, captions);

  const heard = new Map(); // language → the last text
  const lit = new Map(); // listener → the time at which it last received
  let scene = arrange([], 0, 0);
  let flying = [];

  const frame = onceAFrame((time) => {
    const surface = sharp(canvas);
    flying = flying.filter(({ since }) => time - since < FLIGHT);
    paintRoom(surface, scene, { time, flying, lit, people, flight: FLIGHT, glow: GLOW });
    if (flying.length) frame();
    else if (stirs(time)) slowly();
  });
  const slowly = atMostEvery(0.05, () => frame());
  const stirs = (time) =>
    [...lit.values()].some((since) => time - since < GLOW + FLIGHT) ||
    scene.places.some(({ seat }) => seat.state === 'reconnecting');

  const seat = onceAFrame(() => {
    const { width, height } = canvas.getBoundingClientRect();
    const groups = seated(people, stack);
    scene = arrange(groups, width, height);
    const total = groups.reduce((sum, group) => sum + group.seats.length, 0);
    const languages = plural(groups.length, 'language');
    setText(count, total ? `${plural(total, 'listener')} in ${languages}` : '');
    canvas.setAttribute('aria-label', `A speaker and ${plural(total, 'listener')} in ${languages}`);
    drawCaptions(captions, groups, heard);
    setText(said, people.speaker?.said ? `“${people.speaker.said}”` : '');
    frame();
  });

  events.on('people tables', seat);
  events.on('people', (person) => person?.state === 'closed' && lit.delete(person));
  events.on('heard', ({ listener, heard: { text } }) => {
    const since = performance.now();
    lit.set(listener, since);
    if (flying.length < MOST_FLYING) flying.push({ listener, since });
    heard.set(listener.language, text);
    seat();
  });
  new ResizeObserver(seat).observe(canvas);
  window.addEventListener('resize', seat);
  setInterval(seat, 2000); // ages
  pointing(canvas, tip, () => scene, select);
  seat();
}

/** Return this page's listeners, and an anonymous seat for each other listener of the session. */
function seated(people, stack) {
  const groups = new Map();
  const group = (language) => {
    if (!groups.has(language)) groups.set(language, []);
    return groups.get(language);
  };
  for (const listener of people.listeners.values()) group(listener.language).push(listener);
  const counted = stack.session(people.sessionId)?.languageCounts ?? {};
  for (const [language, count] of Object.entries(counted)) {
    const here = groups.get(language)?.length ?? 0;
    for (let other = here; other < count; other += 1) group(language).push({ other: true });
  }
  return [...groups].map(([language, seats]) => ({ language, seats }));
}

function drawCaptions(list, groups, heard) {
  const people = groups.map(({ language }) => language).join();
  if (list.dataset.people !== people) {
    list.dataset.people = people;
    list.replaceChildren(...groups.map(() => h('li', {}, h('span.swatch'), h('b'), h('span.count'), h('q'))));
    if (!groups.length) list.append(h('li.empty', {}, 'No listeners yet. Add some, each in their own language.'));
  }
  groups.forEach(({ language, seats }, index) => {
    const [swatch, name, count, text] = list.children[index].children;
    swatch.style.setProperty('--hue', `var(${hueOf(language)})`);
    setText(name, languageName(language));
    setText(count, String(seats.length));
    setText(text, heard.get(language) ?? '');
    text.lang = language;
  });
}

function pointing(canvas, tip, scene, select) {
  const at = ({ offsetX, offsetY }) => {
    const { places, pitch } = scene();
    return places.find(({ x, y }) => Math.hypot(x - offsetX, y - offsetY) < Math.max(8, pitch / 2));
  };
  canvas.addEventListener('pointermove', (event) => {
    const place = at(event);
    tip.hidden = !place;
    if (!place) return;
    const { seat, language } = place;
    tip.textContent = seat.other
      ? `${languageName(language)}, in another program`
      : `${seat.name}\nsocket ${duration(seat.age)} old · ${seat.received} received · last in ${latency(seat.last?.latency)}`;
    tip.style.left = `${Math.min(Math.max(place.x, 110), canvas.clientWidth - 110)}px`;
    tip.style.top = `${Math.max(place.y, 56)}px`;
  });
  canvas.addEventListener('pointerleave', () => {
    tip.hidden = true;
  });
  canvas.addEventListener('click', (event) => {
    const place = at(event);
    if (place && !place.seat.other) select(place.seat);
  });
}

