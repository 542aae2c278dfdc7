/** Sends heartbeats at the server's interval (6.4). The replies are `heartbeat` events. */
export class HeartbeatTimer {
  #supervisor;
  #cancel;
  interval = 50;

  constructor(supervisor) {
    this.#supervisor = supervisor;
    supervisor.on('attached', ({ reply }) => {
      this.interval = reply.heartbeatInterval ?? this.interval;
      this.restart();
    });
    supervisor.on('closed', () => this.#cancel?.());
  }

  /** Send the next heartbeat one interval from now. */
  restart() {
    this.#cancel?.();
    this.#cancel = this.#supervisor.scheduler.after(this.interval, () => this.#beat());
  }

  async #beat() {
    const { connection, participant } = this.#supervisor;
    try {
      const ack = await connection.request('heartbeat', participant.heartbeatFields);
      this.interval = ack.heartbeatInterval ?? this.interval;
      this.#supervisor.emit('heartbeat', ack);
    } catch {
      // Without a connection the next one restarts the timer; after a refusal the timer goes on.
    }
    if (this.#supervisor.connection) this.restart();
  }
}
