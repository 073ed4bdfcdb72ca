/** What runs and books are found by in Temporal: `temporal workflow list --query "ScriptoriumLibrary = 'default'"`. */
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import { endingOf } from './file-ending.ts';

/** Library of a run or of a book. */
export const libraryKey = defineSearchAttributeKey('ScriptoriumLibrary', SearchAttributeType.KEYWORD);
/** State of a run: `ingesting`, `paused`, `cancelling`, `cancelled` or `done`; absent while it looks for books. Of a book: `running`, `ingested`, `failed` or `cancelled`. */
export const stateKey = defineSearchAttributeKey('ScriptoriumState', SearchAttributeType.KEYWORD);
/** Ending of a book's file name: `.pdf`. */
export const formatKey = defineSearchAttributeKey('ScriptoriumFormat', SearchAttributeType.KEYWORD);
/** Stage that a book is in, or failed in. */
export const stageKey = defineSearchAttributeKey('ScriptoriumStage', SearchAttributeType.KEYWORD);
/** Books of a run that are settled, in whichever way. */
export const booksDoneKey = defineSearchAttributeKey('ScriptoriumBooksDone', SearchAttributeType.INT);
export const booksFailedKey = defineSearchAttributeKey('ScriptoriumBooksFailed', SearchAttributeType.INT);

/** Every one of them, as a cluster has to know them. */
export const searchAttributeKeys = [
  libraryKey,
  stateKey,
  formatKey,
  stageKey,
  booksDoneKey,
  booksFailedKey,
] as const;

/** What a book is found by from its start. */
export function bookSearchAttributes(library: string, path: string): SearchAttributePair[] {
  return [
    { key: libraryKey, value: library },
    { key: stateKey, value: 'running' },
    { key: formatKey, value: endingOf(path) || 'none' },
    { key: stageKey, value: 'extract' },
  ];
}
