/** Server-sent events, as the HTML standard reads them: fetch can send a key with the request, EventSource can't. */

export interface StreamEvent {
  /** `message` where the server named none. */
  readonly event: string;
  readonly data: string;
}

/** Takes text as it comes, in pieces of any length, and gives the events that are whole. */
export class EventStreamReader {
  #rest = '';
  #event = '';
  #data: string[] = [];

  read(piece: string): StreamEvent[] {
    const text = this.#rest + piece;
    // A carriage return at the end may be the half of a line break.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? '') + text.slice(end);
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): StreamEvent[] {
    if (line === '') return this.#finish();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }

  #finish(): StreamEvent[] {
    const found =
      this.#data.length > 0 ? [{ event: this.#event || 'message', data: this.#data.join('\n') }] : [];
    this.#event = '';
    this.#data = [];
    return found;
  }
}
