import { cleanText } from '../../../text/clean.ts';

/**
 * Puts the text of a marked-up document together as a browser would lay it out: white space collapses, blocks stand
 * on lines of their own, cells of a row are parted by ` | `.
 */
export class TextFlow {
  #parts: string[] = [];
  /** Line feeds owed before the next text. */
  #pending = 0;
  /** Text stays on the line of the marker that was just written. */
  #afterMarker = false;
  #rowHasCell = false;

  /** Running text: white space collapses, and vanishes at the start of a line. */
  text(text: string): void {
    const collapsed = text.replace(/\s+/g, ' ');
    const fresh = this.#pending > 0 || this.#afterMarker || this.#parts.length === 0;
    const shown = fresh ? collapsed.trimStart() : collapsed;
    if (shown !== '') this.#push(shown);
  }

  /** Text whose white space means something, such as a program. */
  verbatim(text: string): void {
    if (text !== '') this.#push(text);
  }

  /** Ends the line, with `lineFeeds` 2 the paragraph. */
  end(lineFeeds: 1 | 2): void {
    if (this.#afterMarker || this.#parts.length === 0) return;
    this.#pending = Math.max(this.#pending, lineFeeds);
  }

  listItem(): void {
    this.end(1);
    this.#push('- ');
    this.#afterMarker = true;
  }

  row(): void {
    this.end(1);
    this.#rowHasCell = false;
  }

  cell(): void {
    if (this.#rowHasCell) {
      this.#pending = 0;
      this.#push(' | ');
      this.#afterMarker = true;
    }
    this.#rowHasCell = true;
  }

  /** The clean text so far; the flow starts anew. */
  take(): string {
    const text = cleanText(this.#parts.join(''))
      .replace(/^\s*\n/, '')
      .trimEnd();
    this.#parts = [];
    this.#pending = 0;
    this.#afterMarker = false;
    return text;
  }

  #push(text: string): void {
    if (this.#pending > 0) this.#parts.push('\n'.repeat(this.#pending));
    this.#pending = 0;
    this.#afterMarker = false;
    this.#parts.push(text);
  }
}
