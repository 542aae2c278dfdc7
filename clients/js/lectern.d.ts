/** Types of Lectern's client. Durations are in seconds, times in epoch milliseconds. */

export type Role = 'speaker' | 'listener';
export type State = 'connecting' | 'open' | 'refreshing' | 'reconnecting' | 'closed';
/** Where streams stand: `{"*": 12, "es": 40}`. */
export type LastSeq = Record<string, number>;
type Awaitable<T> = T | Promise<T>;

export interface BroadcastState {
  isActive: boolean;
  isPaused: boolean;
  isMuted: boolean;
  volume: number;
  lastStateChange: number;
}

/** Every message of the stack has these, a reply its request's `id` too. */
export interface ServerMessage {
  type: string;
  timestamp: number;
  id?: string;
}
export interface Broadcast extends ServerMessage {
  type: 'broadcast';
  sessionId: string;
  stream: string;
  seq: number;
  data: any;
}
/** The broadcasts `from` to `to` of a stream are lost: the stack holds them no more. */
export interface Gap {
  type: 'gap';
  stream: string;
  from: number;
  to: number;
}
export interface BroadcastStateChanged extends ServerMessage {
  sessionId: string;
  broadcastState: BroadcastState;
  stateVersion: number;
}
export interface TopicMessage extends ServerMessage {
  sessionId: string;
  topic: string;
  data: any;
}
/** What the operator says to everybody of a tenant, in a session or not. */
export interface TenantMessage extends ServerMessage {
  data: any;
}
export interface SessionStatus extends ServerMessage {
  sessionId: string;
  listenerCount: number;
  languageDistribution: Record<string, number>;
  sessionDuration: number;
  broadcastState: BroadcastState;
  updateReason: 'requested' | 'periodic' | 'listenerCountChange' | 'newLanguage';
}
export interface SessionEnded extends ServerMessage {
  sessionId: string;
  reason: 'endedBySpeaker' | 'speakerDisconnected' | 'expired' | 'endedByOperator';
  message: string;
}
export interface SpeakerAway extends ServerMessage {
  sessionId: string;
  deadline: number;
}
export interface RequestProgress extends ServerMessage {
  requestId: string;
  percentage: number;
}
export interface BroadcastAccepted {
  type: 'broadcastAccepted';
  stream: string;
  seq: number;
  /** Connections it was addressed to; unknown where the answer itself was lost. */
  recipients?: number;
  /** Where it is delivered in the background. */
  requestId?: string;
}
export interface HeartbeatAck extends ServerMessage {
  connectionAge: number;
  heartbeatInterval: number;
  lastSeq?: LastSeq;
}
export interface TopicReply extends ServerMessage {
  topic: string;
  recipients?: number;
}
export interface StateChange {
  state: State;
  previous: State;
  /** With `closed`: why. */
  reason?: string;
  error?: LecternError;
}

export interface SessionEvents {
  state: StateChange;
  broadcast: Broadcast;
  gap: Gap;
  broadcastStateChanged: BroadcastStateChanged;
  topicMessage: TopicMessage;
  tenantMessage: TenantMessage;
  sessionStatus: SessionStatus;
  sessionEnded: SessionEnded;
  speakerReconnecting: SpeakerAway;
  speakerReturned: SpeakerAway;
  tokenExpiring: ServerMessage & { expiresAt: number };
  connectionRefreshRequired: ServerMessage & { connectionAge: number; message: string };
  connectionWarning: ServerMessage & { remainingMinutes: number; message: string };
  connectionTimeout: ServerMessage & { idleSeconds: number; message: string };
  requestProgress: RequestProgress;
  /** What could not be told by a promise. */
  error: LecternError;
  /** Every message of the stack as it came, before it is put into order. */
  message: ServerMessage & Record<string, any>;
}

export class LecternError extends Error {
  constructor(code: string, message?: string, fields?: Partial<LecternError>);
  /**
   * A code of the protocol, or one of the client's: CONNECTION_FAILED, CONNECTION_LOST,
   * HANDSHAKE_REFUSED, TIMEOUT, TOKEN_UNAVAILABLE, TOO_MANY_QUEUED, CANCELLED, CLOSED.
   */
  readonly code: string;
  /** 0 where the failure is the connection's. */
  readonly status: number;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  readonly retryAfter?: number;
  readonly details: { field: string; problem: string }[];
  readonly action?: string;
  readonly correlationId?: string;
}

export interface Timers {
  setTimeout(call: () => void, milliseconds: number): unknown;
  clearTimeout(timer: any): void;
}

export interface ConnectionOptions {
  /** A JWT, or what supplies one: asked before every connection and when one expires. */
  token?: string | (() => Awaitable<string>);
  /** Aborts the first connection, or closes the session. */
  signal?: AbortSignal;
  /** Until a socket is open. 10 */
  connectTimeout?: number;
  /** Until a reply is there; then the socket counts as dead. 15 */
  requestTimeout?: number;
  /** A replaced socket's time to deliver what it owes. 30 */
  drainTimeout?: number;
  /** How long a hole may take to close by itself. 0.25 */
  reorderWindow?: number;
  /** Full jitter: up to `backoffBase` · 2^attempt, at most `backoffCap`. 0.5 and 20 */
  backoffBase?: number;
  backoffCap?: number;
  /** Before the first connection is given up. 5 */
  connectAttempts?: number;
  /** Before a lost connection is given up. Infinity */
  reconnectAttempts?: number;
  /** Of one broadcast. 5 */
  broadcastAttempts?: number;
  /** Broadcasts in the air, of all streams. 16 */
  maxInFlight?: number;
  /** Broadcasts that are not accepted yet; more are refused. 1024 */
  maxQueued?: number;
  /** Bytes in the socket's buffer above which broadcasts wait. 65536 */
  maxBuffered?: number;
  /** Where the platform has none (Node 20: the `ws` package). */
  WebSocket?: any;
  timers?: Timers;
  random?: () => number;
}

export interface SpeakerOptions extends ConnectionOptions {
  sourceLanguage: string;
  qualityTier?: 'standard' | 'premium';
}
export interface ListenerOptions extends ConnectionOptions {
  sessionId: string;
  targetLanguage: string;
  resumeToken?: string;
  lastSeq?: LastSeq;
}
export interface ResumeOptions extends ConnectionOptions {
  sessionId: string;
  resumeToken?: string;
}

/** Work in the background. */
export interface BackgroundRequest {
  readonly requestId: string;
  readonly request: string;
  readonly status: string;
  readonly result: Promise<any>;
  cancel(): Promise<ServerMessage>;
}

export interface Session {
  readonly state: State;
  readonly role: Role;
  readonly sessionId: string;
  readonly sourceLanguage: string;
  readonly broadcastState: BroadcastState;
  readonly stateVersion: number;
  readonly resumeToken: string;
  readonly heartbeatInterval: number;
  /**
   * Why it closed: `closed` (by `close()`), `left`, the reason of `sessionEnded`, `failed` (see
   * `error`), or `replaced`: somebody else has this client's place, with its resume token or as the
   * same user.
   */
  readonly closeReason?: string;
  readonly error?: LecternError;

  on<T extends keyof SessionEvents>(type: T, handler: (event: SessionEvents[T]) => void): () => void;
  off<T extends keyof SessionEvents>(type: T, handler: (event: SessionEvents[T]) => void): void;

  subscribe(topic: string): Promise<TopicReply>;
  unsubscribe(topic: string): Promise<TopicReply>;
  publish(topic: string, data: unknown): Promise<TopicReply>;
  submitRequest(
    request: string,
    params?: object,
    options?: { onProgress?: (message: RequestProgress) => void },
  ): Promise<BackgroundRequest>;
  cancelRequest(requestId: string): Promise<ServerMessage>;
  authenticate(token: string): Promise<ServerMessage>;
  heartbeat(): Promise<HeartbeatAck>;
  /** Moves to a new socket now, before the stack asks for it. */
  refresh(): void;
  /** Closes the socket; a speaker's session ends with it. */
  close(): void;
}

export interface SpeakerSession extends Session {
  readonly expiresAt: number;
  broadcast(data: unknown, options?: { targetLanguage?: string }): Promise<BroadcastAccepted>;
  pauseBroadcast(): Promise<BroadcastStateChanged>;
  resumeBroadcast(): Promise<BroadcastStateChanged>;
  muteBroadcast(): Promise<BroadcastStateChanged>;
  unmuteBroadcast(): Promise<BroadcastStateChanged>;
  setVolume(volume: number): Promise<BroadcastStateChanged>;
  getSessionStatus(): Promise<SessionStatus>;
  endSession(): Promise<void>;
}

export interface ListenerSession extends Session, AsyncIterable<Broadcast> {
  readonly targetLanguage: string;
  readonly lastSeq: LastSeq;
  changeLanguage(targetLanguage: string): Promise<ServerMessage & { targetLanguage: string }>;
  leaveSession(): Promise<void>;
}

export const DEFAULTS: Readonly<Required<Omit<ConnectionOptions,
  'token' | 'signal' | 'WebSocket' | 'timers' | 'random'>>>;

export function createSession(url: string, options: SpeakerOptions): Promise<SpeakerSession>;
export function joinSession(url: string, options: ListenerOptions): Promise<ListenerSession>;
export function resumeSession(url: string, options: ResumeOptions): Promise<SpeakerSession>;

/** Order, duplicates and holes of broadcasts, without I/O. */
export class Streams {
  constructor(language?: string, lastSeq?: LastSeq);
  readonly lastSeq: LastSeq;
  readonly behind: boolean;
  follow(language: string): void;
  leave(language: string): void;
  add(message: Broadcast): (Broadcast | Gap)[];
  restore(reply: { lastSeq?: LastSeq; missed?: Broadcast[]; gap?: boolean }): (Broadcast | Gap)[];
  tell(lastSeq?: LastSeq): void;
  skip(): (Broadcast | Gap)[];
}
