/** Automatic speech: a talk in every language, or a counter. */

import { SENTENCES } from './sentences.js';

const SENTENCE_SECONDS = 3;
const TICK_SECONDS = 1;

export class Talk {
  #timer = null;
  #place = 0;
  mode = null; // 'talk', 'count' or null

  constructor(people) {
    this.people = people;
  }

  start(mode) {
    this.stop();
    this.mode = mode;
    const seconds = mode === 'talk' ? SENTENCE_SECONDS : TICK_SECONDS;
    this.#next();
    this.#timer = setInterval(() => this.#next(), seconds * 1000);
    this.people.events.emit('people');
  }

  stop() {
    clearInterval(this.#timer);
    this.mode = null;
    this.people.events.emit('people');
  }

  #next() {
    const { speaker } = this.people;
    if (!speaker || speaker.state !== 'open' || speaker.broadcasting.isPaused) return;
    this.#place += 1;
    if (this.mode === 'count') this.#send(speaker.say(`${this.#place}`));
    else this.#sentence(speaker, SENTENCES[(this.#place - 1) % SENTENCES.length]);
  }

  /** Broadcast a sentence to each language; a language without a translation gets the original. */
  #sentence(speaker, { en, ...translations }) {
    const { languageCounts = {} } = this.people.stack.session(speaker.sessionId) ?? {};
    for (const [language, count] of Object.entries(languageCounts)) {
      if (count > 0) this.#send(speaker.say(translations[language] ?? en, language, en));
    }
  }

  #send(sending) {
    sending.catch((error) => this.people.journal.add('socket', 'Speaker', error.message, { wrong: true }));
  }
}
