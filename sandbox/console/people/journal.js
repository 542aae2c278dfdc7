/** The message log: messages of this page's sockets, and lines of the stack's log. */

const MAX_ENTRIES = 4000;
/** Frequent messages of little interest; hidden by default. */
const ROUTINE = new Set(['heartbeat', 'heartbeatAck', 'broadcastAccepted']);

export class Journal {
  #count = 0;

  /** `now` returns the stack's time. Emits `journal` with each entry. */
  constructor(events, now) {
    this.events = events;
    this.now = now;
    this.entries = [];
  }

  /** Add one entry: `kind` is `story`, `sent`, `received`, `socket` or `stack`. */
  add(kind, who, text, { type = '', detail = null, wrong = false } = {}) {
    this.#count += 1;
    const routine = ROUTINE.has(type);
    const entry = { id: this.#count, at: this.now(), kind, who, text, type, detail, wrong, routine };
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES * 1.25) this.entries.splice(0, this.entries.length - MAX_ENTRIES);
    this.events.emit('journal', entry);
  }

  /** Add a sentence that the page also shows for a moment. */
  story(text, wrong = false) {
    this.add('story', '', text, { wrong });
    this.events.emit('story', text);
  }

  message(kind, who, text) {
    const detail = parsed(text);
    const type = detail?.type ?? detail?.action ?? '';
    this.add(kind, who, summary(detail, text), { type, detail, wrong: type === 'error' });
  }

  /** Add a line of the stack's own log, unless it is a metric. */
  line(written) {
    const line = parsed(written) ?? { message: written };
    const { level, event, function: name, message } = line;
    if (line._aws) return;
    const text = [event ?? message, line.reason ?? line.code].filter(Boolean).join(' · ');
    this.add('stack', name ?? 'stack', text, {
      type: event,
      detail: line,
      wrong: level === 'ERROR' || level === 'WARNING',
    });
  }

  clear() {
    this.entries = [];
    this.events.emit('journal');
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function summary(message, text) {
  if (!message) return text;
  const { type, action, data, stream, seq, targetLanguage, code, listenerCount } = message;
  const parts = [type ?? action];
  if (seq !== undefined) parts.push(`${stream} #${seq}`);
  if (data !== undefined) parts.push(typeof data === 'string' ? data : (data?.text ?? JSON.stringify(data)));
  else if (targetLanguage) parts.push(targetLanguage);
  if (listenerCount !== undefined) parts.push(`${listenerCount} listening`);
  if (code) parts.push(code, message.message);
  return parts.filter(Boolean).join(' · ');
}
