import { isLost, LecternError } from '../errors.js';

// API Gateway closes on a longer frame, and a platform's WebSocket cannot split a message.
const MAX_FRAME = 32 * 1024;
const ENVELOPE = 256;
const MAX_ATTEMPTS = 3;
// These are sent again after a lost connection.
const IDEMPOTENT = new Set([
  'changeLanguage', 'endSession', 'getSessionStatus', 'pauseBroadcast', 'resumeBroadcast',
  'muteBroadcast', 'unmuteBroadcast', 'setVolume', 'subscribe', 'unsubscribe', 'cancelRequest',
  'authenticate',
]);

/** Sends requests in the order of their calls; they wait while no connection is ready. */
export class RequestQueue {
  #supervisor;
  #waiting = [];

  constructor(supervisor) {
    this.#supervisor = supervisor;
    supervisor.on('ready', () => this.#flush());
    supervisor.on('closed', (error) => {
      for (const request of this.#waiting.splice(0)) request.reject(error);
    });
  }

  /** Send an action. Resolves with its reply; rejects as `check`, or with a LecternError. */
  async call(action, fields = {}) {
    this.check(action, fields);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ action, fields, resolve, reject, attempts: 0 });
      this.#flush();
    });
  }

  /** Throws CLOSED, or PAYLOAD_TOO_LARGE, for which the gateway would close the socket. */
  check(action, fields) {
    if (this.#supervisor.state === 'closed') {
      throw new LecternError('CLOSED', 'the session is closed', { action });
    }
    const size = new TextEncoder().encode(JSON.stringify(fields)).length;
    if (size > MAX_FRAME - ENVELOPE) {
      const text = `${size} bytes; the gateway takes ${MAX_FRAME}`;
      throw new LecternError('PAYLOAD_TOO_LARGE', text, { status: 413, action });
    }
  }

  #flush() {
    while (this.#waiting.length && this.#supervisor.readyConnection) {
      this.#send(this.#waiting.shift());
    }
  }

  async #send(request) {
    const { action, fields } = request;
    try {
      request.resolve(await this.#supervisor.readyConnection.request(action, fields));
    } catch (error) {
      request.attempts += 1;
      const mayRepeat = IDEMPOTENT.has(action) && request.attempts < MAX_ATTEMPTS;
      if (isLost(error) && mayRepeat && this.#supervisor.state !== 'closed') {
        this.#waiting.push(request);
        this.#flush();
      } else {
        request.reject(error);
      }
    }
  }
}
