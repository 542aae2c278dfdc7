/**
 * Connections besides the current one: new ones, and old ones with outstanding replies (6.1). While
 * there are two, an event may arrive on both.
 */
export class Handover {
  #connections = new Set();
  #arrivals = new Map(); // text of an event → the connection on which it arrived
  add(connection) {
    this.#connections.add(connection);
  }

  remove(connection) {
    this.#connections.delete(connection);
    if (!this.#connections.size) this.#arrivals.clear();
  }

  /** Return true if the same event has arrived on the other connection. */
  isDuplicate(text, connection) {
    if (!this.#connections.size) return false;
    const other = this.#arrivals.get(text);
    if (other && other !== connection) return this.#arrivals.delete(text);
    this.#arrivals.set(text, connection);
    return false;
  }

  closeAll(code) {
    for (const connection of [...this.#connections]) connection.close(code);
  }
}
