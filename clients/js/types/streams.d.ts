import type { Broadcast, Gap, LastSeq } from './messages.js';

/** Puts broadcasts into order, drops duplicates, and knows what is missing. No I/O. */
export class Streams {
  constructor(language?: string, lastSeq?: LastSeq);
  readonly lastSeq: LastSeq;
  readonly behind: boolean;
  follow(language: string): void;
  begin(language: string, lastSeq: LastSeq): (Broadcast | Gap)[];
  leave(language: string): void;
  add(message: Broadcast): (Broadcast | Gap)[];
  restore(reply: { lastSeq?: LastSeq; missed?: Broadcast[]; gap?: boolean }): (Broadcast | Gap)[];
  tell(lastSeq?: LastSeq): void;
  skip(): (Broadcast | Gap)[];
}
