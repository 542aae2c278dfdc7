/** A person on this page with sockets of their own: the base of speaker and listener. */

import { cut } from '../stack/api.js';
import { tapped } from './tap.js';

export class Person {
  constructor(name, { journal, events, stack }) {
    Object.assign(this, { name, journal, events, stack });
    this.session = null; // the SDK's
    this.state = 'connecting';
    this.sockets = [];
    this.openedAt = null; // the stack's time at which the current socket was opened
    this.refreshes = 0;
    this.returns = 0;
    this.lostAt = null;
  }

  /** Options for the SDK. */
  get options() {
    return { WebSocket: tapped(this, this.journal), connectTimeout: 30, backoffCap: 4 };
  }

  /** The age of the current socket in seconds, by the stack's clock. */
  get age() {
    return this.openedAt === null ? 0 : (this.stack.now - this.openedAt) / 1000;
  }

  get moving() {
    return this.state === 'refreshing' || this.state === 'reconnecting';
  }

  opened() {
    this.openedAt = this.stack.now;
  }

  /** Take the SDK's session, and follow its state. */
  take(session) {
    this.session = session;
    this.state = session.state;
    session.on('state', (change) => this.#enter(change));
    session.on('error', (error) => this.journal.add('socket', this.name, error.message, { wrong: true }));
    session.on('tokenExpiring', () => this.journal.story(`${this.name} sends a new token.`));
  }

  async heartbeat() {
    if (this.session && this.state !== 'closed') await this.session.heartbeat().catch(() => {});
  }

  /** Cut the current socket without a close frame, as a tunnel or a dead battery does. */
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
    this.events.emit('people', this);
  }

  /** Called after a reconnection, with the milliseconds it took. Subclasses override it. */
  returned() {}

  left() {}
}
