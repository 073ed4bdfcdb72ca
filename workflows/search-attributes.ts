/** What runs and books are found by in Temporal: `temporal workflow list --query "ScriptoriumLibrary = 'default'"`. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Library of a run or of a book. */
export const libraryKey = defineSearchAttributeKey('ScriptoriumLibrary', SearchAttributeType.KEYWORD);
/** State of a run: `scanning`, `ingesting`, `paused`, `cancelling` or `done`. */
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
