import type { PageText } from '../ports/documents.ts';
import { endsSentence, startsLower } from './lines.ts';
import { splitSentences } from './sentences.ts';
import { type TokenCounter, weigh } from './tokens.ts';

/** The smallest thing that chunks are made of: a sentence, a line of code, or a part of an overlong one. */
export interface Piece {
  /** Exact text, with the white space around it. */
  readonly text: string;
  readonly tokens: number;
  /** Share of a chunk's budget that it takes, in tokens. */
  readonly weight: number;
  readonly page: number | null;
  readonly section: readonly string[];
}

/**
 * The pieces of a unit, none heavier than `budget`; their texts put together are the unit's text.
 * @param before end of the text that comes before, which decides how the unit is joined to it
 */
export async function piecesOf(
  unit: PageText,
  before: string,
  budget: number,
  counter: TokenCounter,
): Promise<readonly Piece[]> {
  const sentences = splitSentences(unit.text).filter((text) => text.trim() !== '');
  const texts = sentences.map((text, at) => (at === 0 ? joint(before, text) + text : text));
  const tokens = await counter.count(texts);
  const pieces: Piece[] = [];
  for (const [at, text] of texts.entries()) {
    const weighed = weighedText(text, tokens[at] ?? 0);
    const parts = weighed.weight <= budget ? [weighed] : await splitHard(text, budget, counter);
    for (const part of parts) pieces.push({ ...part, page: unit.page, section: unit.section });
  }
  return pieces;
}

/** A sentence that runs over the end of a page goes on after a space. */
function joint(before: string, text: string): string {
  if (before === '' || /\s$/.test(before)) return '';
  return !endsSentence(before) && startsLower(text) ? ' ' : '\n';
}

type Weighed = Pick<Piece, 'text' | 'tokens' | 'weight'>;

function weighedText(text: string, tokens: number): Weighed {
  return { text, tokens, weight: weigh(text, tokens) };
}

/** Cuts a sentence that is longer than a chunk: between words where it can, inside a word where it must. */
async function splitHard(text: string, budget: number, counter: TokenCounter): Promise<readonly Weighed[]> {
  const words = await weighAll(text.match(/\s*\S+\s*$|\s*\S+/gu) ?? [], counter);
  const parts: string[] = [];
  let open = { text: '', weight: 0 };
  for (const word of words) {
    if (open.weight + word.weight > budget && open.text !== '') {
      parts.push(open.text);
      open = { text: '', weight: 0 };
    }
    open = { text: open.text + word.text, weight: open.weight + word.weight };
  }
  // Words together can count for more than each by itself, and one word can be too long.
  const weighed = await weighAll([...parts, open.text], counter);
  const fitting: Weighed[] = [];
  for (const part of weighed) fitting.push(...(await halve(part, budget, counter)));
  return fitting;
}

/** Halves a text between code points until each part fits. */
async function halve(whole: Weighed, budget: number, counter: TokenCounter): Promise<readonly Weighed[]> {
  const points = Array.from(whole.text);
  if (whole.weight <= budget || points.length < 2) return [whole];
  const middle = points.length >> 1;
  const halves = await weighAll([points.slice(0, middle).join(''), points.slice(middle).join('')], counter);
  const parts: Weighed[] = [];
  for (const half of halves) parts.push(...(await halve(half, budget, counter)));
  return parts;
}

async function weighAll(texts: readonly string[], counter: TokenCounter): Promise<readonly Weighed[]> {
  const tokens = await counter.count(texts);
  return texts.map((text, at) => weighedText(text, tokens[at] ?? 0));
}
