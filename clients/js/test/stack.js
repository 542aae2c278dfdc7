/** A fake stack without a network, and a clock that the test moves. */

import { createSession, joinSession } from '../lectern.js';

export const SESSION = 'golden-eagle-427';
export const BROADCAST_STATE = { isActive: true, isPaused: false, isMuted: false, volume: 1 };

/** Let every task that is ready run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export class Clock {
  now = 0;
  #timers = new Map();
  #count = 0;

  setTimeout = (call, milliseconds) => {
    this.#timers.set((this.#count += 1), { call, due: this.now + milliseconds });
    return this.#count;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  /** Move the time, timer by timer, and let the client act after each. */
  async advance(seconds) {
    const end = this.now + seconds * 1000;
    await settle();
    for (let next; (next = this.#next(end)); await settle()) {
      this.#timers.delete(next.id);
      this.now = next.due;
      next.call();
    }
    this.now = end;
  }

  #next(end) {
    const due = [...this.#timers].map(([id, timer]) => ({ id, ...timer }));
    return due.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
  }
}

/** The stack's end of one socket. */
export class Socket {
  bufferedAmount = 0;
  sent = [];
  closedWith = null;

  constructor(stack, url, protocols = []) {
    Object.assign(this, { stack, url: new URL(url), protocols });
    stack.sockets.push(this);
    queueMicrotask(() => stack.onConnect(this));
  }

  // For the client.
  send(text) {
    const request = JSON.parse(text);
    this.sent.push(request);
    queueMicrotask(() => this.replyTo(request));
  }

  close(code) {
    this.closedWith ??= code;
  }

  // For the test.
  accept() {
    this.onopen?.({});
  }

  refuse(status) {
    this.onerror?.({ message: status ? `Unexpected server response: ${status}` : '' });
    this.drop(1006);
  }

  replyTo(request) {
    const reply = this.stack.replies[request.action];
    const body = typeof reply === 'function' ? reply(request, this) : reply;
    if (body) this.deliver({ id: request.id, ...body });
  }

  deliver(message) {
    if (this.closedWith === null) this.onmessage?.({ data: JSON.stringify({ timestamp: 1, ...message }) });
  }

  drop(code = 1006) {
    this.closedWith ??= code;
    this.onclose?.({ code });
  }

  requests(action) {
    return this.sent.filter((request) => request.action === action);
  }
}

export class Stack {
  sockets = [];
  clock = new Clock();
  lastSeq = { '*': 0, es: 0 };
  onConnect = (socket) => socket.accept();
  replies = {
    createSession: ({ sourceLanguage }) => this.#sessionReply('sessionCreated', { sourceLanguage }),
    joinSession: ({ targetLanguage }) => this.#sessionReply('sessionJoined', { targetLanguage }),
    refreshConnection: ({ targetLanguage, role }) =>
      this.#sessionReply('connectionRefreshComplete', { targetLanguage, role }),
    heartbeat: { type: 'heartbeatAck', connectionAge: 1, heartbeatInterval: 50 },
    recover: () => ({ type: 'recovered', lastSeq: this.lastSeq, missed: [], gap: false }),
  };

  get socket() {
    return this.sockets.at(-1);
  }

  options(more) {
    const stack = this;
    const WebSocket = function (url, protocols) {
      return new Socket(stack, url, protocols);
    };
    return { WebSocket, timers: this.clock, random: () => 0.5, ...more };
  }

  listener(more) {
    const options = this.options({ sessionId: SESSION, targetLanguage: 'es', ...more });
    return joinSession('ws://stack/local', options);
  }

  speaker(more) {
    const options = this.options({ sourceLanguage: 'en', token: 'jwt', ...more });
    return createSession('ws://stack/local', options);
  }

  #sessionReply(type, fields) {
    return {
      type,
      sessionId: SESSION,
      sourceLanguage: 'en',
      broadcastState: BROADCAST_STATE,
      stateVersion: 1,
      lastSeq: this.lastSeq,
      resumeToken: `resume-${this.sockets.length}`,
      heartbeatInterval: 50,
      ...fields,
    };
  }
}

export const broadcast = (seq, stream = 'es') => ({
  type: 'broadcast', sessionId: SESSION, stream, seq, data: `${stream} ${seq}`,
});

/** Collect the events of a session. */
export function record(session, ...types) {
  const events = [];
  for (const type of types) session.on(type, (event) => events.push({ type, ...event }));
  return events;
}

export const data = (events) => events.map((event) => event.data);
