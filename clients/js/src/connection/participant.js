const FIELDS = [
  'sessionId', 'sourceLanguage', 'targetLanguage', 'joinKey', 'resumeToken', 'expiresAt',
];

/** A participant as the stack knows it. `streams` are a listener's. */
export class Participant {
  constructor(role, options, streams) {
    this.role = role;
    this.streams = streams;
    this.update(options);
  }

  /** Only a listener asks for the streams' positions. */
  get heartbeatFields() {
    return this.streams ? { wantSeq: true } : {};
  }

  /** Take over what options, or the reply to a first request, say. */
  update(source) {
    for (const name of FIELDS) this[name] = source[name] ?? this[name];
  }

  /**
   * Return the action and fields of the next connection's first request (6.1, 6.3). A listener
   * without a connection joins again; everybody else moves by `refreshConnection`.
   */
  returnRequest(isConnected) {
    const { role, sessionId, targetLanguage, joinKey, resumeToken, streams } = this;
    const fields = { sessionId, targetLanguage, joinKey, resumeToken, lastSeq: streams?.lastSeq };
    if (streams && !isConnected) return ['joinSession', fields];
    return ['refreshConnection', { ...fields, role }];
  }

  /**
   * Forget a listener's resume token if the error refuses it: it can join as a new listener.
   * Returns true if it was forgotten.
   */
  dropRefusedToken({ status, action }) {
    if (action !== 'joinSession' || !this.resumeToken || ![401, 403].includes(status)) return false;
    this.resumeToken = undefined;
    return true;
  }
}
