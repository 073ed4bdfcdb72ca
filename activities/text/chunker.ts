import { ScriptoriumError } from '../errors.ts';
import type { Chunk, ChunkOptions, PageText } from '../ports/documents.ts';
import {
  type Draft,
  draftPages,
  draftSection,
  draftText,
  draftTokens,
  draftWeight,
  emptyDraft,
  joined,
  meetsAtSpaces,
  sameSection,
  tailOf,
  weightOf,
} from './draft.ts';
import { type Piece, piecesOf } from './pieces.ts';
import type { TokenCounter } from './tokens.ts';

/** Fewest tokens of text in a chunk. One character can take four. */
const SMALLEST_BUDGET = 8;
/** A chunk lighter than this, or than an eighth of the budget, is a heading or a leftover. */
const TINY_TOKENS = 32;

/**
 * Cuts units into chunks, in one pass, with two chunks in memory at a time.
 *
 * 1. A chunk is whole sentences (or lines of code), as many as fit; only a sentence longer than a chunk is cut.
 * 2. Put together, the chunks are the text of the units, but for white space and what is repeated on purpose.
 * 3. Where the heading trail changes, a chunk ends; in a PDF it goes on, as a page knows only one trail.
 * 4. What is too short to be found by itself joins its neighbour.
 * 5. The same units give the same chunks, however they are handed over.
 */
export class Chunker {
  readonly #budget: number;
  readonly #overlap: number;
  readonly #tiny: number;
  readonly #counter: TokenCounter;
  #open: Draft = emptyDraft;
  /** The last full chunk: kept back, so that a leftover can still join it. */
  #held: { readonly draft: Draft; readonly tokens: number } | null = null;
  #before = '';
  #ordinal = 0;

  /** @throws ScriptoriumError INVALID_ARGUMENT when the options leave no room for text */
  constructor(options: ChunkOptions, counter: TokenCounter) {
    this.#budget = textBudget(options, counter);
    this.#overlap = options.overlapTokens;
    this.#tiny = Math.min(TINY_TOKENS, this.#budget >> 3);
    this.#counter = counter;
  }

  /** Takes units in order; gives the chunks that are final. */
  async push(units: Iterable<PageText>): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = [];
    for (const unit of units) {
      const pieces = await piecesOf(unit, this.#before, this.#budget, this.#counter);
      for (const piece of pieces) chunks.push(...(await this.#add(piece)));
      this.#before = pieces.at(-1)?.text ?? this.#before;
    }
    return chunks;
  }

  /** The last chunks, when there are no more units. */
  async finish(): Promise<readonly Chunk[]> {
    if (this.#isTiny()) await this.#joinHeld();
    return [...(await this.#closeAll()), ...this.#release()];
  }

  async #add(piece: Piece): Promise<readonly Chunk[]> {
    const chunks = this.#entersSection(piece) ? [...(await this.#leaveSection())] : [];
    while (draftWeight(this.#open) + piece.weight > this.#budget) {
      if (this.#open.fresh.length > 0) chunks.push(...(await this.#close()));
      else this.#open = { repeated: this.#open.repeated.slice(1), fresh: [] };
    }
    this.#open = { ...this.#open, fresh: [...this.#open.fresh, piece] };
    return chunks;
  }

  #entersSection(piece: Piece): boolean {
    const last = this.#open.fresh.at(-1) ?? this.#open.repeated.at(-1);
    return last !== undefined && piece.page === null && !sameSection(last.section, piece.section);
  }

  async #leaveSection(): Promise<readonly Chunk[]> {
    if (this.#isTiny() && !(await this.#joinHeld())) return [];
    const chunks = await this.#closeAll();
    this.#open = emptyDraft;
    return chunks;
  }

  #isTiny(): boolean {
    return this.#open.fresh.length > 0 && weightOf(this.#open.fresh) < this.#tiny;
  }

  /** Puts the open draft to the end of the held chunk, if it is of the same section and fits. */
  async #joinHeld(): Promise<boolean> {
    if (this.#held === null || !this.#belongsTogether(this.#held.draft, this.#open)) return false;
    const draft = joined(this.#held.draft, this.#open);
    const tokens = await this.#count(draft);
    if (tokens > this.#budget || draftWeight(draft) > this.#budget) return false;
    this.#held = { draft, tokens };
    this.#open = emptyDraft;
    return true;
  }

  #belongsTogether(first: Draft, second: Draft): boolean {
    return draftPages(second) !== null || sameSection(draftSection(first), draftSection(second));
  }

  /** Ends the open draft, and what did not fit into it. */
  async #closeAll(): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = [];
    while (this.#open.fresh.length > 0) chunks.push(...(await this.#close()));
    return chunks;
  }

  /** Ends the open draft, which becomes the held one, and starts the next with its last sentences. */
  async #close(): Promise<readonly Chunk[]> {
    const { draft, tokens, rest } = await this.#cutToFit(this.#open);
    const chunks = this.#release();
    this.#held = { draft, tokens };
    this.#open = { repeated: tailOf(draft, this.#overlap), fresh: rest };
    return chunks;
  }

  /** Some tokenizers count a whole as more than its parts; what is over then goes to the next chunk. */
  async #cutToFit(open: Draft): Promise<{ draft: Draft; tokens: number; rest: readonly Piece[] }> {
    let draft = open;
    let tokens = await this.#count(draft);
    while (tokens > this.#budget && draft.repeated.length + draft.fresh.length > 1) {
      const { repeated, fresh } = draft;
      draft =
        repeated.length > 0
          ? { repeated: repeated.slice(1), fresh }
          : { repeated, fresh: fresh.slice(0, -1) };
      tokens = await this.#count(draft);
    }
    return { draft, tokens, rest: open.fresh.slice(draft.fresh.length) };
  }

  async #count(draft: Draft): Promise<number> {
    if (this.#counter.additive && meetsAtSpaces(draft)) return draftTokens(draft);
    const [tokens = 0] = await this.#counter.count([draftText(draft)]);
    return tokens;
  }

  #release(): readonly Chunk[] {
    if (this.#held === null) return [];
    const { draft, tokens } = this.#held;
    this.#held = null;
    const chunk = {
      ordinal: this.#ordinal++,
      text: draftText(draft),
      tokens: tokens + this.#counter.specialTokens,
      page: draftPages(draft),
      section: draftSection(draft),
    };
    return [chunk];
  }
}

function textBudget(options: ChunkOptions, counter: TokenCounter): number {
  const { maxTokens, overlapTokens } = options;
  const budget = maxTokens - counter.specialTokens;
  if (!(budget >= SMALLEST_BUDGET)) {
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      `maxTokens ${maxTokens} leaves ${budget} tokens for text; it takes ${SMALLEST_BUDGET}.`,
    );
  }
  if (!(overlapTokens >= 0 && overlapTokens <= budget / 2)) {
    throw new ScriptoriumError(
      'INVALID_ARGUMENT',
      `overlapTokens ${overlapTokens} is not between 0 and half of maxTokens ${maxTokens}.`,
    );
  }
  return budget;
}
