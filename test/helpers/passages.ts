/** Passages as a search gives them, and prose of every kind. */
import fc from 'fast-check';
import type { NumberedPassage, WrittenAnswer } from '../../activities/ports/answer-model.ts';

export function passage(n: number, text: string, more: Partial<NumberedPassage> = {}): NumberedPassage {
  return { n, text, title: 'The Lights', author: null, page: null, section: [], ...more };
}

export const LIGHTS = [
  passage(1, 'The keeper lived alone. He lit the north lamp at dusk. The sea was calm.'),
  passage(2, 'Oil came by boat twice a year. It was stored below the stairs.'),
  passage(3, 'The north lamp burned whale oil until 1861. The keeper lit it by hand.'),
];

/** Sentences of every kind that text can have, put together. */
export const prose = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom(
        'The lamp was lit. ',
        'Dr. No went p. 3. ',
        'Yes. ',
        'Yes. ',
        '\n\n',
        '  ',
        '42. ',
        '…',
        'x'.repeat(401),
      ),
      fc.string({ unit: fc.constantFrom('𝒳', 'a'), minLength: 390, maxLength: 420 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));
export const library = fc
  .array(prose, { maxLength: 7 })
  .map((texts) => texts.map((text, i) => passage(i + 1, text)));

/** True when every quote stands in the passage that it is cited from. */
export function isVerbatim({ citations }: WrittenAnswer, passages: readonly NumberedPassage[]): boolean {
  return citations.every(({ n, quote }) => passages.find((each) => each.n === n)?.text.includes(quote));
}
