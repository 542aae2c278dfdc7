// Failures on the client's side that the next attempt may not meet.
const TRANSIENT = new Set([
  'CONNECTION_FAILED', 'CONNECTION_LOST', 'TIMEOUT', 'TOKEN_UNAVAILABLE', 'TOO_MANY_QUEUED',
]);

/** An error message of the stack (2), a refused handshake (1.3), or a failure of the connection. */
export class LecternError extends Error {
  constructor(code, message, fields = {}) {
    super(message ?? code, { cause: fields.cause });
    this.name = 'LecternError';
    this.code = code;
    this.status = fields.status ?? 0;
    this.retryAfter = fields.retryAfter;
    this.details = fields.details ?? [];
    this.action = fields.action;
    this.correlationId = fields.correlationId;
    this.retryable = this.status === 429 || this.status >= 500 || TRANSIENT.has(code);
  }
}

export const errorFrom = (message) => new LecternError(message.code, message.message, message);

export const connectionLost = (reason) => new LecternError('CONNECTION_LOST', reason);

/** True if no reply came: the request may have been carried out, or not. */
export const isLost = ({ code }) => code === 'CONNECTION_LOST' || code === 'TIMEOUT';
