/** The start of a session, its listeners, and the speaker's controls. */

import { joinLink } from '/clients/js/lectern.js';
import { h, onceAFrame, setText } from '../lib/dom.js';
import { languageName, OFFERED } from '../lib/languages.js';
import { duration, plural } from '../lib/format.js';

const SOURCES = ['en', 'es', 'fr', 'de', 'pt', 'it'];

const option = (code, text = languageName(code)) => h('option', { value: code }, text);
const button = (text, onclick, kind = '') => h(`button${kind}`, { type: 'button', onclick }, text);
const field = (text, input) => h('label', {}, text, input);

export function sessionCard({ people, stack, events, attempt }) {
  const card = document.querySelector('.session');
  const title = h('h2', { id: 'session-title' }, 'Session');
  const chip = h('span.chip.end', { hidden: true });
  const start = startForm(people, attempt);
  const others = h('ul.sessions');
  const live = h('div.stack', { hidden: true });
  const name = h('p.name', { id: 'session-id' });
  const facts = h('p.small.muted');
  const link = h('a.small', { id: 'join-link', target: '_blank', hidden: true }, 'Link for listeners');
  const steer = speakerControls(people, attempt);
  live.append(h('div', {}, name, facts, link), steer.element, h('hr'), adding(people, attempt));
  card.append(h('div.head', {}, title, chip), start, live, others);

  const draw = onceAFrame(() => {
    const { sessionId, speaker } = people;
    const session = stack.session(sessionId);
    document.body.toggleAttribute('data-busy', Boolean(sessionId));
    start.hidden = Boolean(sessionId);
    live.hidden = !sessionId;
    steer.element.hidden = !speaker;
    chip.hidden = !sessionId;
    if (sessionId) {
      setText(name, sessionId);
      const from = languageName(speaker?.session.sourceLanguage ?? session?.sourceLanguage ?? 'en');
      const age = session ? `, open for ${duration((stack.now - session.createdAt) / 1000)}` : '';
      setText(facts, `${speaker ? 'You speak' : 'The speaker speaks'} ${from}${age}`);
      link.hidden = !people.joinKey;
      if (people.joinKey) link.href = joinLink(location.href, people);
      const [text, kind] = standing(speaker, session);
      setText(chip, text);
      chip.className = `chip end ${kind}`;
    }
    steer.draw();
    drawOthers(others, sessionId ? [] : stack.running, people);
  });
  events.on('people tables', draw);
  setInterval(draw, 1000);
  draw();
}

function startForm(people, attempt) {
  const language = h('select', { id: 'source' }, ...SOURCES.map((code) => option(code)));
  const isPrivate = h('input', { id: 'private', type: 'checkbox' });
  return h(
    'form',
    { onsubmit: attempt(() => people.start(language.value, isPrivate.checked)) },
    h('p.muted', {}, 'A session has one speaker. Listeners join with the session’s name.'),
    field('The speaker’s language', language),
    h('label.inline', {}, isPrivate, 'Only listeners with the link'),
    h('button.primary', { type: 'submit', id: 'start' }, 'Start a session'),
  );
}

/** Rebuild the list only if something has changed, which keeps the focus. */
function drawOthers(list, sessions, people) {
  const now = sessions.map(({ sessionId, listenerCount }) => `${sessionId} ${listenerCount}`).join();
  if (list.dataset.now === now) return;
  list.dataset.now = now;
  list.replaceChildren(...sessions.map((each) => running(each, people)));
}

function running({ sessionId, listenerCount }, people) {
  const count = h('span.muted.small', {}, plural(listenerCount ?? 0, 'listener'));
  const look = button('Listen', () => people.look(sessionId));
  look.setAttribute('aria-label', `Listen to ${sessionId}`);
  return h('li', {}, h('div', {}, h('b', {}, sessionId), h('br'), count), look);
}

function standing(speaker, session) {
  const state = speaker ? speaker.broadcasting : session?.broadcastState;
  if (speaker?.state === 'reconnecting' || session?.graceDeadline) return ['Speaker is away', 'wait'];
  if (state?.isPaused) return ['Paused', 'wait'];
  if (state?.isMuted) return ['Muted', 'wait'];
  return ['Live', 'live'];
}

function adding(people, attempt) {
  const language = h('select', { id: 'language' }, ...OFFERED.map((code) => option(code)));
  const count = h('input', { type: 'number', id: 'count', min: 1, max: 100, value: '5' });
  const add = () => people.add(language.value, count.valueAsNumber || 1);
  return h(
    'form',
    { onsubmit: attempt(add) },
    h('h3', {}, 'Listeners'),
    h('div.row', {}, h('label.grow', {}, h('span.sr', {}, 'Language of new listeners'), language),
      h('label', {}, h('span.sr', {}, 'How many'), count), h('button', { type: 'submit', id: 'add' }, 'Add')),
    button('Fill: 30 in six languages', attempt(() => people.fill(30))),
  );
}

function speakerControls(people, attempt) {
  const steer = (...control) => attempt(() => people.speaker.steer(...control));
  const text = h('input', { id: 'words', placeholder: 'Say something …', autocomplete: 'off', 'aria-label': 'What to say' });
  const to = h('select', { id: 'to', 'aria-label': 'Recipients' }, option('', 'Everybody'));
  const speak = async () => {
    const said = text.value.trim();
    if (!said) return;
    text.value = '';
    await people.speaker.say(said, to.value || undefined);
  };
  const toggle = (mode) => () => (people.talk.mode === mode ? people.talk.stop() : people.talk.start(mode));
  const talk = button('Talk', toggle('talk'));
  const count = button('Count', toggle('count'));
  const pause = button('Pause', () => steer(people.speaker.broadcasting.isPaused ? 'resumeBroadcast' : 'pauseBroadcast')());
  const mute = button('Mute', () => steer(people.speaker.broadcasting.isMuted ? 'unmuteBroadcast' : 'muteBroadcast')());
  const shown = h('output.number.small');
  const volume = h('input', {
    type: 'range', id: 'volume', min: 0, max: 100, value: '100',
    oninput: () => setText(shown, `${volume.value} %`),
    onchange: () => steer('setVolume', volume.valueAsNumber / 100)(),
  });
  const element = h('div.stack', {},
    h('form', { onsubmit: attempt(speak) },
      h('div.row', {}, h('div.grow', {}, text), h('button.primary', { type: 'submit' }, 'Say')),
      h('label.inline', {}, h('span', {}, 'to'), to)),
    h('div.row.even', {}, talk, count, pause, mute),
    h('label.inline', {}, 'Volume', volume, shown),
    button('End the session', attempt(() => people.speaker.end()), '.quiet.danger'));
  return { element, draw: () => drawControls(people, { talk, count, pause, mute, volume, shown, to }) };
}

function drawControls(people, { talk, count, pause, mute, volume, shown, to }) {
  const state = people.speaker?.broadcasting;
  if (!state) return;
  const press = (element, on) => element.setAttribute('aria-pressed', String(on));
  press(talk, people.talk.mode === 'talk');
  press(count, people.talk.mode === 'count');
  press(pause, state.isPaused);
  press(mute, state.isMuted);
  if (document.activeElement !== volume) volume.value = String(Math.round(state.volume * 100));
  setText(shown, `${volume.value} %`);
  const spoken = [...new Set([...people.listeners.values()].map(({ language }) => language))].sort();
  if (to.dataset.languages !== spoken.join()) {
    const { value } = to;
    to.replaceChildren(option('', 'Everybody'), ...spoken.map((code) => option(code)));
    to.value = spoken.includes(value) ? value : '';
    to.dataset.languages = spoken.join();
  }
}
