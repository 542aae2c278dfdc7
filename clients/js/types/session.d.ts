import type { LecternError } from './errors.js';
import type {
  Role, LastSeq, BroadcastState, ServerMessage, Broadcast, Gap, BroadcastStateChanged,
  TopicMessage, TenantMessage, SessionStatus, SessionEnded, SpeakerAway, RequestProgress,
  BroadcastAccepted, HeartbeatAck, LanguageChanged, TopicReply,
} from './messages.js';

export type State = 'connecting' | 'open' | 'refreshing' | 'reconnecting' | 'closed';

export interface StateChange {
  state: State;
  previous: State;
  /** With `closed`: the `closeReason`. */
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
  /** An error that no promise rejects with. */
  error: LecternError;
  /** Every message of the stack, as it came. */
  message: ServerMessage & Record<string, any>;
}

/** A background request that the stack has accepted. */
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
  /** The key of a private session: of the speaker, and of a listener that joined with it. */
  readonly joinKey?: string;
  readonly sourceLanguage: string;
  readonly broadcastState: BroadcastState;
  readonly stateVersion: number;
  readonly resumeToken: string;
  readonly heartbeatInterval: number;
  /**
   * The reason for which the session closed: `closed` (by `close()`), `left`, `aborted`, the reason
   * of `sessionEnded`, `failed` (see `error`), or `replaced`: another client has this one's place,
   * with its resume token or as the same user.
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
  /** Move to a new connection now, before the stack asks for it. */
  refresh(): void;
  /** Close the connection. A speaker's session ends with it. */
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
  changeLanguage(targetLanguage: string): Promise<LanguageChanged>;
  leaveSession(): Promise<void>;
}
