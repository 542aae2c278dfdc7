import { isLost } from '../errors.js';
import { backoff } from '../options.js';

/** Subscriptions to topics, which follow the session to each new connection. */
export class TopicSubscriptions {
  #supervisor;
  #topics = new Set();

  constructor(supervisor) {
    this.#supervisor = supervisor;
    supervisor.on('attached', ({ connection }) => this.#renew(connection));
  }

  add(topic) {
    this.#topics.add(topic);
  }

  remove(topic) {
    this.#topics.delete(topic);
  }

  /** Subscribe again, one topic after the other: all at once would pass the stack's rate limit. */
  async #renew(connection) {
    for (const topic of [...this.#topics]) await this.#subscribe(connection, topic);
  }

  async #subscribe(connection, topic) {
    for (let attempt = 0; connection.isOpen && this.#topics.has(topic); attempt += 1) {
      try {
        await connection.request('subscribe', { topic });
        return;
      } catch (error) {
        if (isLost(error) || !error.retryable) return;
        const { options, scheduler } = this.#supervisor;
        await scheduler.sleep(backoff(options, attempt, error));
      }
    }
  }
}
