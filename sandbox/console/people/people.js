/** Everybody on this page: at most one speaker, and as many listeners as a browser has sockets for. */

import { SIX } from '../lib/languages.js';
import { Listener } from './listener.js';
import { Speaker } from './speaker.js';
import { Talk } from './talk.js';

/** Chromium opens no more than 255 WebSockets to a host; refreshes need room for a second one. */
export const MOST = 240;
const AT_ONCE = 12;
const FAR = 20_000; // a jump of the clock, in milliseconds, after which all send a heartbeat

export class People {
  #parts;
  #number = 0;
  #beating = null;
  #coming = 0;
  #joining = 0;
  #queue = []; // what lets the next one join

  constructor(stack, journal) {
    this.stack = stack;
    this.news = stack.news;
    this.journal = journal;
    this.#parts = { stack, journal, news: stack.news };
    this.speaker = null;
    this.sessionId = null; // the session that this page looks at
    this.listeners = new Map(); // number → Listener
    this.talk = new Talk(this);
    this.news.on('clock', ({ by }) => by > FAR && this.heartbeat());
    this.news.on('tables', () => this.#lookedAtEnds());
    this.news.on('people', (person) => person?.state === 'closed' && this.#gone(person));
  }

  async start(sourceLanguage) {
    const speaker = new Speaker(this.#parts);
    await speaker.start(sourceLanguage);
    this.speaker = speaker;
    this.look(speaker.sessionId);
    this.journal.story(`Session ${speaker.sessionId} is open. Listeners join with that name.`);
  }

  look(sessionId) {
    this.sessionId = sessionId;
    this.news.tell('people');
  }

  /** Adds listeners of one language, as many as a browser has sockets for; a dozen join at once. */
  async add(language, count) {
    const room = MOST - this.listeners.size - this.#coming;
    if (count > room) this.journal.story(`A page has sockets for ${MOST} listeners: ${Math.max(0, room)} join.`);
    const joining = Array.from({ length: Math.max(0, Math.min(count, room)) }, () => this.#turn(language));
    await Promise.all(joining);
  }

  /** Six languages, so many listeners in all. */
  async fill(count) {
    const weight = Object.values(SIX).reduce((sum, share) => sum + share);
    let left = count;
    for (const [language, share] of Object.entries(SIX)) {
      const some = Math.min(left, Math.round((count * share) / weight));
      left -= some;
      await this.add(language, some);
    }
  }

  get #everybody() {
    return this.speaker ? [...this.listeners.values(), this.speaker] : [...this.listeners.values()];
  }

  /** Resolves when everybody has been heard; whoever asks meanwhile waits for the same. */
  heartbeat() {
    this.#beating ??= Promise.all(this.#everybody.map((person) => person.heartbeat())).finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  /** Resolves when everybody has been heard, and nobody is on the way from one socket to the next. */
  async settle() {
    await this.heartbeat();
    while (this.#everybody.some(({ moving }) => moving)) await this.news.next('people');
  }

  anyListener() {
    const open = [...this.listeners.values()].filter(({ state }) => state === 'open');
    return open[Math.floor(Math.random() * open.length)];
  }

  /** Joins when it is its turn. */
  async #turn(language) {
    this.#coming += 1;
    if (this.#joining >= AT_ONCE) await new Promise((resolve) => this.#queue.push(resolve));
    this.#coming -= 1;
    this.#joining += 1;
    await this.#join(language);
    this.#joining -= 1;
    this.#queue.shift()?.();
  }

  async #join(language) {
    this.#number += 1;
    const listener = new Listener(this.#number, language, this.#parts);
    this.listeners.set(listener.number, listener);
    try {
      await listener.join(this.sessionId);
    } catch (error) {
      this.listeners.delete(listener.number);
      this.journal.story(`${listener.name} could not join: ${error.message}`, true);
      this.news.tell('people');
    }
  }

  /** Somebody else's session that this page looked at is over, or the stack began anew. */
  #lookedAtEnds() {
    if (this.speaker || !this.sessionId || this.stack.state !== 'live') return;
    if (!this.stack.session(this.sessionId)?.isActive) this.look(null);
  }

  #gone(person) {
    if (person === this.speaker) {
      this.speaker = null;
      this.sessionId = null;
      this.talk.stop();
    } else {
      this.listeners.delete(person.number);
    }
    this.news.tell('people');
  }
}
