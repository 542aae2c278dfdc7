/** Subscriptions to topics, which follow the session to each new connection. */
export class TopicSubscriptions {
  #topics = new Set();

  constructor(supervisor) {
    supervisor.on('attached', ({ connection }) => {
      for (const topic of this.#topics) connection.request('subscribe', { topic }).catch(() => {});
    });
  }

  add(topic) {
    this.#topics.add(topic);
  }

  remove(topic) {
    this.#topics.delete(topic);
  }
}
