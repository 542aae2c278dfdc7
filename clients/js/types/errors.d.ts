export class LecternError extends Error {
  constructor(code: string, message?: string, fields?: Partial<LecternError>);
  /**
   * A code of the protocol, or one of the client's: CONNECTION_FAILED, CONNECTION_LOST,
   * HANDSHAKE_REFUSED, TIMEOUT, TOKEN_UNAVAILABLE, TOO_MANY_QUEUED, CANCELLED, CLOSED.
   */
  readonly code: string;
  /** 0 for a failure of the connection. */
  readonly status: number;
  /** True if the same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly details: { field: string; problem: string }[];
  readonly action?: string;
  readonly correlationId?: string;
}
