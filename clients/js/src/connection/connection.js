import { LecternError, connectionLost, errorFrom } from '../errors.js';

const SUBPROTOCOL = 'lectern.v1';
// 1000 would end a speaker's session (6.3), so replaced connections close with this code.
const CLOSE_REPLACED = 4000;

/**
 * One WebSocket: requests, their replies, and its end. It opens without an action, so that a browser
 * can read why its first request is refused.
 */
export class Connection {
  #socket;
  #owner;
  #pending = new Map(); // id → {resolve, reject, cancelTimeout}; 'open' until the socket is open
  #lastId = 0;
  #idleWaiters = [];
  #hasHeard = false;
  #refusal; // of the handshake, told by the first message
  isOpen = true;

  /**
   * The owner has `options` and a `scheduler`, and takes `onText(connection, text)`,
   * `onSent(connection)` and `onEnd(connection, error)`.
   */
  constructor(url, token, owner) {
    this.#owner = owner;
    const Socket = owner.options.WebSocket;
    // The token is a subprotocol: a browser cannot set headers, and URLs end up in logs.
    const socket = token ? new Socket(url, [SUBPROTOCOL, `bearer.${token}`]) : new Socket(url);
    this.#socket = socket;
    this.opened = this.#wait('open', 'connect', owner.options.connectTimeout);
    socket.onopen = () => this.#pop('open')?.resolve();
    socket.onmessage = (event) => owner.onText(this, event.data);
    // Node's own WebSocket fires no `close` after a refused handshake; the others do.
    socket.onerror = (event) => this.#pending.has('open') && this.#end(refusalFrom(event));
    socket.onclose = (event) => this.#end(connectionLost(`closed with ${event.code}`));
  }

  /** Bytes that wait in the socket's buffer. */
  get buffered() {
    return this.#socket.bufferedAmount ?? 0;
  }

  /** Resolves when no request waits for its reply, or when the connection has ended. */
  async waitIdle() {
    if (this.#pending.size) await new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Send an action. Resolves with its reply; rejects with its error message, or with the end. */
  async request(action, fields) {
    if (!this.isOpen) throw this.#refusal ?? connectionLost('the socket is closed');
    const id = String((this.#lastId += 1));
    const reply = this.#wait(id, action, this.#owner.options.requestTimeout);
    this.#socket.send(JSON.stringify({ ...fields, action, id }));
    this.#owner.onSent(this);
    return reply;
  }

  /**
   * Give a message to the request with its id. Returns false if no request waits for it. An error
   * without an id that comes before anything else is the refusal of the handshake (1.3).
   */
  resolve(message) {
    const isFirst = !this.#hasHeard;
    this.#hasHeard = true;
    if (isFirst && message.type === 'error' && message.id === undefined) {
      this.#refusal = errorFrom(message);
      this.#socket.close(CLOSE_REPLACED);
      this.#end(this.#refusal);
      return true;
    }
    const waiter = message.id !== undefined && this.#pop(message.id);
    if (!waiter) return false;
    if (message.type === 'error') waiter.reject(errorFrom(message));
    else waiter.resolve(message);
    return true;
  }

  /** Close the socket, and fail the requests that wait with CONNECTION_LOST. */
  close(code = CLOSE_REPLACED) {
    this.#socket.close(code);
    this.#end(connectionLost('closed by the client'));
  }

  #end(error) {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const handler of ['onopen', 'onmessage', 'onclose']) this.#socket[handler] = null;
    this.#socket.onerror = () => {}; // `ws` throws an error that has no handler
    for (const id of [...this.#pending.keys()]) {
      const isUnreachable = id === 'open' && !error.status;
      const failure = isUnreachable ? new LecternError('CONNECTION_FAILED', error.message) : error;
      this.#pop(id).reject(failure);
    }
    this.#owner.onEnd(this, error);
  }

  #wait(id, action, seconds) {
    return new Promise((resolve, reject) => {
      // Without a reply in time the connection is dead, whatever its readyState says.
      const cancelTimeout = this.#owner.scheduler.after(seconds, () => {
        this.#socket.close(CLOSE_REPLACED);
        this.#end(new LecternError('TIMEOUT', `no reply to ${action} in ${seconds} s`, { action }));
      });
      this.#pending.set(id, { resolve, reject, cancelTimeout });
    });
  }

  #pop(id) {
    const waiter = this.#pending.get(id);
    if (!waiter) return undefined;
    waiter.cancelTimeout();
    this.#pending.delete(id);
    if (!this.#pending.size) for (const resolve of this.#idleWaiters.splice(0)) resolve();
    return waiter;
  }
}

/** Return the status of a refused handshake if the platform has it, as the `ws` package does. */
function refusalFrom(event) {
  const status = Number(/Unexpected server response: (\d{3})/.exec(event?.message)?.[1]);
  if (!status) return new LecternError('CONNECTION_FAILED', event?.message || 'no connection');
  return new LecternError('HANDSHAKE_REFUSED', `refused with ${status}`, { status });
}
