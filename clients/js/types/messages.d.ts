/** The messages of the stack. Times are epoch milliseconds, durations are seconds. */

export type Role = 'speaker' | 'listener';
/** The streams' positions: `{"*": 12, "es": 40}`. */
export type LastSeq = Record<string, number>;

export interface BroadcastState {
  isActive: boolean;
  isPaused: boolean;
  isMuted: boolean;
  volume: number;
  lastStateChange: number;
}

/** The fields of every message. A reply has its request's `id`. */
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
/** The broadcasts `from` to `to` of a stream are lost: the stack no longer has them. */
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
  /** The role of who published it. */
  from: Role;
}
/** A message from the operator to every connection of a tenant, in a session or not. */
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
  /** Connections it was addressed to; absent if the reply itself was lost. */
  recipients?: number;
  /** Present if it is delivered in the background. */
  requestId?: string;
}
export interface HeartbeatAck extends ServerMessage {
  connectionAge: number;
  heartbeatInterval: number;
  lastSeq?: LastSeq;
}
export interface LanguageChanged extends ServerMessage {
  sessionId: string;
  targetLanguage: string;
  lastSeq: LastSeq;
}
export interface TopicReply extends ServerMessage {
  topic: string;
  recipients?: number;
}
