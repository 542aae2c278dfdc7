import { isLost } from './errors.js';
import { Recovery } from './receiving/recovery.js';
import { Session } from './session.js';
import { Streams } from './streams.js';

const MAX_UNCLAIMED = 1000; // broadcasts

/** Created by `joinSession`. Iterate over it for its broadcasts, in order, until it is closed. */
export class ListenerSession extends Session {
  #streams;
  #recovery;
  #unclaimed = []; // broadcasts before the first handler

  constructor(url, options) {
    const streams = new Streams(options.targetLanguage, options.lastSeq);
    super(url, options, 'listener', streams);
    this.#streams = streams;
    this.#recovery = new Recovery(this._supervisor, streams, (item) => this.#deliver(item));
  }

  get targetLanguage() {
    return this._participant.targetLanguage;
  }

  /** The last broadcast delivered, by stream. `joinSession` takes it to continue there. */
  get lastSeq() {
    return this.#streams.lastSeq;
  }

  on(type, handler) {
    const off = super.on(type, handler);
    if (type === 'broadcast') {
      const unclaimed = this.#unclaimed ?? [];
      this.#unclaimed = null;
      for (const message of unclaimed) handler(message);
    }
    return off;
  }

  async *[Symbol.asyncIterator]() {
    const waiting = [];
    let wake = () => {};
    const offs = [
      this.on('broadcast', (message) => {
        waiting.push(message);
        wake();
      }),
      this.on('state', () => wake()),
    ];
    try {
      while (waiting.length || this.state !== 'closed') {
        if (waiting.length) yield waiting.shift();
        else await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      for (const off of offs) off();
    }
  }

  async changeLanguage(targetLanguage) {
    const previous = this.targetLanguage;
    const change = () => this._requests.call('changeLanguage', { targetLanguage });
    if (targetLanguage === previous) return change();
    this.#streams.follow(targetLanguage); // its broadcasts may arrive before the reply
    try {
      const reply = await change();
      this._participant.targetLanguage = targetLanguage;
      this.#streams.leave(previous);
      this.#recovery.begin(targetLanguage, reply);
      return reply;
    } catch (error) {
      this.#streams.leave(targetLanguage);
      throw error;
    }
  }

  /** Leave the session, and close it. */
  async leaveSession() {
    await this._requests.call('leaveSession').catch((error) => {
      if (!isLost(error)) throw error; // losing the connection leaves the session, too
    });
    this._supervisor.close('left');
  }

  #deliver(item) {
    if (item.type === 'gap') this.emit('gap', item);
    else if (!this.#unclaimed) this.emit('broadcast', item);
    else if (this.#unclaimed.push(item) > MAX_UNCLAIMED) this.#unclaimed.shift();
  }
}
