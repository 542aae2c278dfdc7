import { errorFrom, LecternError } from '../errors.js';

const MAX_EARLY = 100; // requests
const EVENTS = /^request(Progress|Completed|Failed|Cancelled)$/;

/** Gives each event of a background request to its submitter. */
export class BackgroundRequests {
  #supervisor;
  #running = new Map(); // requestId → {resolve, reject, onProgress, connection}
  #early = new Map(); // requestId → events that came before `requestAccepted`

  constructor(supervisor) {
    this.#supervisor = supervisor;
    supervisor.on('received', ({ message }) => EVENTS.test(message.type) && this.#handle(message));
    supervisor.on('attached', ({ connection, replaced }) => {
      // The stack moves the requests of the replaced connection to the new one.
      for (const running of this.#on(replaced)) running.connection = connection;
    });
    supervisor.on('lost', ({ connection, error }) => {
      for (const { requestId } of this.#on(connection)) this.#finish(requestId, error);
    });
    supervisor.on('closed', (error) => {
      for (const requestId of [...this.#running.keys()]) this.#finish(requestId, error);
    });
  }

  /** Return the promised result of a request that the stack has accepted. */
  accept(requestId, onProgress) {
    const { connection } = this.#supervisor;
    const result = new Promise((resolve, reject) => {
      this.#running.set(requestId, { requestId, resolve, reject, onProgress, connection });
    });
    result.catch(() => {}); // a submitter that only cancels need not handle it
    const early = this.#early.get(requestId) ?? [];
    this.#early.delete(requestId);
    for (const message of early) this.#handle(message);
    return result;
  }

  #on(connection) {
    return [...this.#running.values()].filter((running) => running.connection === connection);
  }

  #handle(message) {
    const { type, requestId } = message;
    const running = this.#running.get(requestId);
    if (!running) {
      this.#early.set(requestId, [...(this.#early.get(requestId) ?? []), message]);
      if (this.#early.size > MAX_EARLY) this.#early.delete(this.#early.keys().next().value);
      return;
    }
    if (type === 'requestProgress') running.onProgress?.(message);
    if (type === 'requestCompleted') this.#finish(requestId, null, message.result);
    if (type === 'requestFailed') this.#finish(requestId, errorFrom(message));
    if (type === 'requestCancelled') this.#finish(requestId, new LecternError('CANCELLED'));
  }

  #finish(requestId, error, result) {
    const { resolve, reject } = this.#running.get(requestId);
    this.#running.delete(requestId);
    if (error) reject(error);
    else resolve(result);
  }
}
