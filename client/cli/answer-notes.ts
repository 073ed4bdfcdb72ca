/** What is to be said of an answer beside its text. */
import type { Answer } from '../../workflows/result-contract.ts';
import { plural, printable } from './output.ts';

export function notesOn({ droppedCitations, droppedClaims = 0, fallback }: Answer): string[] {
  return [
    ...(droppedCitations.length > 0
      ? [`(The model cited passages that do not exist; removed: ${droppedCitations.join(', ')}.)`]
      : []),
    ...(droppedClaims > 0
      ? [`(${plural(droppedClaims, 'sentence')} of the model that no passage supports: removed.)`]
      : []),
    ...(fallback ? [`(Quoted, not written: ${fallback.code}: ${printable(fallback.message)})`] : []),
  ];
}
