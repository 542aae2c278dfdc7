/** The people on this page: at most one speaker, and as many listeners as a browser has sockets for. */

import { SIX } from '../lib/languages.js';
import { Listener } from './listener.js';
import { Speaker } from './speaker.js';
import { Talk } from './talk.js';

/** Chromium opens no more than 255 WebSockets to a host; refreshes need room for a second one. */
export const MAX_LISTENERS = 240;
const MAX_JOINING = 12;
const JUMP = 20_000; // milliseconds; after a longer jump of the clock all send a heartbeat

export class People {
  #parts;
  #number = 0;
  #beating = null;
  #waiting = 0;
  #joining = 0;
  #queue = []; // resolvers of those who wait to join

  constructor(stack, journal) {
    this.stack = stack;
    this.events = stack.events;
    this.journal = journal;
    this.#parts = { stack, journal, events: stack.events };
    this.speaker = null;
    this.sessionId = null; // the session that this page shows
    this.joinKey = undefined; // and its key, if it is private
    this.listeners = new Map(); // number → Listener
    this.talk = new Talk(this);
    this.events.on('clock', ({ by }) => by > JUMP && this.heartbeat());
    this.events.on('tables', () => this.#checkSession());
    this.events.on('people', (person) => person?.state === 'closed' && this.#gone(person));
  }

  async start(sourceLanguage, isPrivate = false) {
    const speaker = new Speaker(this.#parts);
    await speaker.start(sourceLanguage, isPrivate);
    this.speaker = speaker;
    this.look(speaker.sessionId, speaker.joinKey);
    this.journal.story(`Session ${speaker.sessionId} is open. Listeners join with that name.`);
  }

  look(sessionId, joinKey = undefined) {
    this.sessionId = sessionId;
    this.joinKey = joinKey;
    this.events.emit('people');
  }

  /** Add listeners of one language, as many as a browser has sockets for; a dozen join at a time. */
  async add(language, count) {
    const room = MAX_LISTENERS - this.listeners.size - this.#waiting;
    if (count > room) this.journal.story(`A page has sockets for ${MAX_LISTENERS} listeners: ${Math.max(0, room)} join.`);
    const joining = Array.from({ length: Math.max(0, Math.min(count, room)) }, () => this.#joinInTurn(language));
    await Promise.all(joining);
  }

  /** Add `count` listeners in six languages. */
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

  /** Send everybody's heartbeat; concurrent calls share one round. */
  heartbeat() {
    this.#beating ??= Promise.all(this.#everybody.map((person) => person.heartbeat())).finally(() => {
      this.#beating = null;
    });
    return this.#beating;
  }

  /** Send heartbeats, and wait until nobody is changing sockets. */
  async settle() {
    await this.heartbeat();
    while (this.#everybody.some(({ moving }) => moving)) await this.events.next('people');
  }

  anyListener() {
    const open = [...this.listeners.values()].filter(({ state }) => state === 'open');
    return open[Math.floor(Math.random() * open.length)];
  }

  /** Join once fewer than `MAX_JOINING` others are joining. */
  async #joinInTurn(language) {
    this.#waiting += 1;
    if (this.#joining >= MAX_JOINING) await new Promise((resolve) => this.#queue.push(resolve));
    this.#waiting -= 1;
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
      await listener.join(this.sessionId, this.joinKey);
    } catch (error) {
      this.listeners.delete(listener.number);
      this.journal.story(`${listener.name} could not join: ${error.message}`, true);
      this.events.emit('people');
    }
  }

  /** Leave a session of another page that has ended, or that a restart of the stack has removed. */
  #checkSession() {
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
    this.events.emit('people');
  }
}
