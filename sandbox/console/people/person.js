/** Somebody on this page with sockets of their own: what a speaker and a listener have in common. */

import { cut } from '../stack/api.js';
import { tapped } from './tap.js';

export class Person {
  constructor(name, { journal, news, stack }) {
    Object.assign(this, { name, journal, news, stack });
    this.session = null; // the SDK's
    this.state = 'connecting';
    this.sockets = [];
    this.openedAt = null; // the stack's time at which the socket in use was opened
    this.refreshes = 0;
    this.returns = 0;
    this.lostAt = null;
  }

  /** Options for the SDK. */
  get options() {
    return { WebSocket: tapped(this, this.journal), connectTimeout: 30, backoffCap: 4 };
  }

  /** Seconds that the socket in use is old, by the stack's clock. */
  get age() {
    return this.openedAt === null ? 0 : (this.stack.now - this.openedAt) / 1000;
  }

  get moving() {
    return this.state === 'refreshing' || this.state === 'reconnecting';
  }

  opened() {
    this.openedAt = this.stack.now;
  }

  /** Takes the SDK's session, and follows its state. */
  take(session) {
    this.session = session;
    this.state = session.state;
    session.on('state', (change) => this.#enter(change));
    session.on('error', (error) => this.journal.add('socket', this.name, error.message, { wrong: true }));
    session.on('tokenExpiring', () => this.journal.story(`${this.name} shows a new token.`));
  }

  async heartbeat() {
    if (this.session && this.state !== 'closed') await this.session.heartbeat().catch(() => {});
  }

  /** Cuts the socket in use, as a tunnel or a dead battery would: no close frame. */
  async cut() {
    const socket = this.sockets.at(-1);
    if (socket) await cut({ client: socket.client });
  }

  #enter({ state, previous, reason }) {
    this.state = state;
    if (state === 'reconnecting') this.lostAt = performance.now();
    if (state === 'open' && previous === 'refreshing') this.refreshes += 1;
    if (state === 'open' && previous === 'reconnecting') {
      this.returns += 1;
      this.returned(performance.now() - this.lostAt);
    }
    if (state === 'closed') this.left(reason);
    this.news.tell('people', this);
  }

  /** For those who know more: back after so many milliseconds; gone for good. */
  returned() {}

  left() {}
}
