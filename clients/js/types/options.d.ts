import type { LastSeq } from './messages.js';

type Awaitable<T> = T | Promise<T>;

export interface Timers {
  setTimeout(call: () => void, milliseconds: number): unknown;
  clearTimeout(timer: any): void;
}

/** Durations are in seconds. */
export interface ConnectionOptions {
  /** A JWT, or a function that supplies one for every connection, and when one expires. */
  token?: string | (() => Awaitable<string>);
  /** Aborts the first connection, or closes the session. */
  signal?: AbortSignal;
  /** Time for a socket to open. Default: 10 */
  connectTimeout?: number;
  /** Time for a reply; after it the connection counts as dead. Default: 15 */
  requestTimeout?: number;
  /** Time for a replaced connection to deliver its outstanding replies. Default: 30 */
  drainTimeout?: number;
  /** Time for a missing broadcast to arrive by itself, before the client asks. Default: 0.25 */
  reorderWindow?: number;
  /** Full jitter: up to `backoffBase` · 2^attempt, at most `backoffCap`. Defaults: 0.5 and 20 */
  backoffBase?: number;
  backoffCap?: number;
  /** Attempts to connect for the first time. Default: 5 */
  connectAttempts?: number;
  /** Attempts to replace a lost connection. Default: Infinity */
  reconnectAttempts?: number;
  /** Attempts to send one broadcast. Default: 5 */
  broadcastAttempts?: number;
  /** Broadcasts in flight, of all streams together. Default: 16 */
  maxInFlight?: number;
  /** Broadcasts that the stack has not accepted yet; more are refused. Default: 1024 */
  maxQueued?: number;
  /** Bytes in the socket's buffer above which broadcasts wait. Default: 65536 */
  maxBuffered?: number;
  /** For a platform that has none (Node 20: the `ws` package). */
  WebSocket?: any;
  timers?: Timers;
  random?: () => number;
}

export interface SpeakerOptions extends ConnectionOptions {
  sourceLanguage: string;
  qualityTier?: 'standard' | 'premium';
  /** Only those can listen who have the session's `joinKey`. */
  private?: boolean;
  /** The only languages that can be listened to. Default: all */
  languages?: string[];
}
export interface ListenerOptions extends ConnectionOptions {
  sessionId: string;
  targetLanguage: string;
  /** The key of a private session. */
  joinKey?: string;
  resumeToken?: string;
  lastSeq?: LastSeq;
}
export interface ResumeOptions extends ConnectionOptions {
  sessionId: string;
  resumeToken?: string;
}

export const DEFAULTS: Readonly<Required<Omit<ConnectionOptions,
  'token' | 'signal' | 'WebSocket' | 'timers' | 'random'>>>;
