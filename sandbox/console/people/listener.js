/** One listener: an SDK session on a socket of this page, and the messages it received. */

import { joinSession } from '/clients/js/lectern.js';
import { languageName } from '../lib/languages.js';
import { socketUrl } from '../stack/api.js';
import { Person } from './person.js';

const MAX_HISTORY = 200;

/** Return the time in milliseconds; pages on one machine share it. */
export const wallNow = () => performance.timeOrigin + performance.now();

export class Listener extends Person {
  constructor(number, language, parts) {
    super(`${languageName(language)} ${number}`, parts);
    this.number = number;
    this.language = language;
    this.received = 0;
    this.history = []; // the newest last
    this.gaps = 0;
    this.waiting = 0; // missed while away, received on return
  }

  async join(sessionId, joinKey) {
    const session = await joinSession(socketUrl(), {
      ...this.options, sessionId, joinKey, targetLanguage: this.language,
    });
    this.take(session);
    session.on('broadcast', (message) => this.#hear(message));
    session.on('gap', ({ from, to }) => {
      this.gaps += to - from + 1;
    });
    this.events.emit('people', this);
  }

  async speak(language) {
    await this.session.changeLanguage(language);
    this.language = language;
    this.name = `${languageName(language)} ${this.number}`;
    this.events.emit('people', this);
  }

  leave() {
    return this.session.leaveSession();
  }

  get last() {
    return this.history.at(-1);
  }

  #hear({ data, stream, seq }) {
    const late = this.state === 'reconnecting'; // it came with the reply to the resumed join
    const latency = typeof data?.sentAt === 'number' ? wallNow() - data.sentAt : null;
    const text = data?.text ?? JSON.stringify(data);
    const heard = { at: this.stack.now, text, stream, seq, latency, late };
    this.received += 1;
    this.waiting += late ? 1 : 0;
    this.history.push(heard);
    if (this.history.length > MAX_HISTORY) this.history.shift();
    this.events.emit('heard', { listener: this, heard });
  }

  returned(millis) {
    const missed = this.waiting ? `, with ${this.waiting} it had missed` : '';
    const lost = this.gaps ? '' : ' Nothing was lost.';
    this.journal.story(`${this.name} is back after ${Math.round(millis)} ms${missed}.${lost}`);
    this.waiting = 0;
  }
}
