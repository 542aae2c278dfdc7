/** The message log: what the sockets of this page sent and received, and what the stack logged. */

const KEPT = 4000;
/** What fills the log without saying much; shown when asked for. */
const ROUTINE = new Set(['heartbeat', 'heartbeatAck', 'broadcastAccepted']);

export class Journal {
  #count = 0;

  /** `now` is the stack's time. Tells `journal` of each entry. */
  constructor(news, now) {
    this.news = news;
    this.now = now;
    this.entries = [];
  }

  /** One line: `kind` is `story`, `sent`, `received`, `socket` or `stack`. */
  add(kind, who, text, { type = '', detail = null, wrong = false } = {}) {
    this.#count += 1;
    const routine = ROUTINE.has(type);
    const entry = { id: this.#count, at: this.now(), kind, who, text, type, detail, wrong, routine };
    this.entries.push(entry);
    if (this.entries.length > KEPT * 1.25) this.entries.splice(0, this.entries.length - KEPT);
    this.news.tell('journal', entry);
  }

  /** What a person should hear about, in a sentence. */
  story(text, wrong = false) {
    this.add('story', '', text, { wrong });
    this.news.tell('story', text);
  }

  message(kind, who, text) {
    const detail = parsed(text);
    const type = detail?.type ?? detail?.action ?? '';
    this.add(kind, who, summary(detail, text), { type, detail, wrong: type === 'error' });
  }

  /** A line of the stack's own log; metrics are lines, too, and left out. */
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
    this.news.tell('journal');
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
