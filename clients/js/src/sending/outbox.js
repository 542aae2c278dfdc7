import { connectionLost, isLost, LecternError } from '../errors.js';
import { backoff } from '../options.js';
import { ALL } from '../streams.js';

const CONGESTION_PAUSE = 0.05; // seconds

/**
 * A speaker's broadcasts until they are accepted: one of each stream in flight at a time, so that
 * order is kept, and at most `maxInFlight` in all. After a lost connection the streams' positions say
 * which of them arrived.
 */
export class Outbox {
  #supervisor;
  #items = [];
  #accepted = new Map(); // stream → seq
  #unconfirmed = new Map(); // stream → seqs after that one that failed broadcasts may have been given
  #cancelPause; // while the socket's buffer is full

  constructor(supervisor) {
    this.#supervisor = supervisor;
    supervisor.on('attached', ({ reply }) => this.#settleDoubtful(reply.lastSeq));
    supervisor.on('ready', () => this.#pump());
    supervisor.on('closed', (error) => {
      for (const item of this.#items.splice(0)) item.reject(error);
    });
  }

  /** Resolves with the reply when the stack has accepted the broadcast. */
  async push(fields) {
    const { length } = this.#items;
    if (length >= this.#supervisor.options.maxQueued) {
      const text = `${length} broadcasts are waiting`;
      throw new LecternError('TOO_MANY_QUEUED', text, { action: 'broadcast' });
    }
    const stream = fields.targetLanguage ?? ALL;
    return new Promise((resolve, reject) => {
      this.#items.push({ stream, fields, resolve, reject, state: 'waiting', attempts: 0 });
      this.#pump();
    });
  }

  /** Send what may be sent. */
  #pump() {
    const connection = this.#supervisor.readyConnection;
    const busy = new Set();
    let inFlight = this.#items.filter(({ state }) => state === 'inFlight').length;
    for (const item of [...this.#items]) {
      if (!connection || inFlight >= this.#supervisor.options.maxInFlight || this.#isCongested(connection)) {
        return;
      }
      if (item.state === 'waiting' && !busy.has(item.stream)) {
        inFlight += 1;
        this.#send(connection, item);
      }
      busy.add(item.stream);
    }
  }

  #isCongested(connection) {
    if (connection.buffered <= this.#supervisor.options.maxBuffered) return false;
    this.#cancelPause ??= this.#supervisor.scheduler.after(CONGESTION_PAUSE, () => {
      this.#cancelPause = undefined;
      this.#pump();
    });
    return true;
  }

  async #send(connection, item) {
    item.state = 'inFlight';
    try {
      const reply = await connection.request('broadcast', item.fields);
      this.#accepted.set(item.stream, reply.seq);
      this.#unconfirmed.delete(item.stream);
      this.#remove(item);
      item.resolve(reply);
    } catch (error) {
      this.#handleFailure(item, error);
    }
    this.#pump();
  }

  #handleFailure(item, error) {
    item.attempts += 1;
    const mayRetry = item.attempts < this.#supervisor.options.broadcastAttempts;
    if (error.status >= 500 || (isLost(error) && !mayRetry)) {
      this.#unconfirmed.set(item.stream, (this.#unconfirmed.get(item.stream) ?? 0) + 1);
    }
    if (isLost(error) && mayRetry) {
      item.state = 'inDoubt';
    } else if ([429, 503].includes(error.status) && mayRetry) {
      item.state = 'delayed';
      this.#supervisor.scheduler.after(backoff(this.#supervisor.options, item.attempts, error), () => {
        item.state = 'waiting';
        this.#pump();
      });
    } else {
      this.#remove(item);
      item.reject(error);
    }
  }

  /** A broadcast in doubt has arrived if its stream is further than the seq accepted last. */
  #settleDoubtful(lastSeq = {}) {
    for (const item of this.#items.filter(({ state }) => state === 'inDoubt')) {
      const { stream } = item;
      const seq = lastSeq[stream] ?? 0;
      const ahead = seq - (this.#accepted.get(stream) ?? 0);
      if (ahead === 0) {
        item.state = 'waiting';
        continue;
      }
      this.#remove(item);
      if (ahead > (this.#unconfirmed.get(stream) ?? 0)) {
        item.resolve({ type: 'broadcastAccepted', stream, seq });
      } else {
        item.reject(connectionLost('it is unknown whether the broadcast arrived'));
      }
    }
    for (const [stream, seq] of Object.entries(lastSeq)) this.#accepted.set(stream, seq);
    this.#unconfirmed.clear();
  }

  #remove(item) {
    this.#items.splice(this.#items.indexOf(item), 1);
  }
}
