/** What `verify`, `explain` and `gc` say to people. */
import type {
  BookExplanation,
  BookFault,
  ChunkExplanation,
  FileCount,
  GarbageResult,
  VerifyResult,
} from '../../workflows/upkeep-contract.ts';
import { pointFaults } from '../../workflows/upkeep-contract.ts';
import type { BookHistory, RunHistory, Step } from '../history.ts';
import type { Explanation } from '../upkeep.ts';
import { damageText, duration, plural, printable } from './output.ts';
import { placeText } from './place.ts';

export function verificationLines(result: VerifyResult): string[] {
  const { books, points, artifacts, faults, faultyBooks, mendedBooks, busyBooks } = result;
  const unlisted = faultyBooks - faults.length;
  return [
    ...faults.flatMap(faultLines),
    ...(unlisted > 0 ? [`… and ${plural(unlisted, 'book')} more with faults.`] : []),
    `${plural(books, 'book')}, ${plural(points, 'passage')}, ${plural(artifacts.read, 'intermediate file')}: ${verdict(result)}.`,
    ...(faultyBooks > 0 && result.repair ? [`${plural(mendedBooks, 'book')} mended.`] : []),
    ...(artifacts.gone > 0
      ? [`${plural(artifacts.gone, 'intermediate file')} gone; made again when needed.`]
      : []),
    ...(busyBooks > 0 ? [`${plural(busyBooks, 'book')} not judged: being ingested or removed now.`] : []),
    ...(result.incomplete ? ['There are more faults than one look can take: verify again.'] : []),
    ...result.skippedLibraries.map(
      (library) => `Library ${printable(library)} was not looked at: it has another model than this stack.`,
    ),
  ];
}

function verdict({ found, artifacts, skippedLibraries }: VerifyResult): string {
  const kinds = [
    ...pointFaults.flatMap((fault) => (found[fault] > 0 ? [`${found[fault]} ${fault}`] : [])),
    ...(artifacts.damaged > 0 ? [`${plural(artifacts.damaged, 'intermediate file')} damaged`] : []),
  ];
  if (kinds.length > 0) return kinds.join(', ');
  return skippedLibraries.length === 0 ? 'nothing is wrong' : 'nothing is wrong with what was looked at';
}

function faultLines(fault: BookFault): string[] {
  const { bookId, library, path, points, damagedArtifacts, mended, remedy } = fault;
  const total = pointFaults.reduce((sum, kind) => sum + fault[kind], 0);
  return [
    `${mended ? 'mended' : 'wrong '} ${printable(path ?? 'a book that the catalog does not know')} (${bookId}, library ${printable(library)})`,
    ...points.map(({ fault: kind, id }) => `       ${kind.padEnd(7)} ${printable(id)}`),
    ...(total > points.length ? [`       … and ${plural(total - points.length, 'passage')} more`] : []),
    ...damagedArtifacts.map((key) => `       damaged ${key}`),
    ...(remedy ? [`       ${remedy}`] : []),
  ];
}

export function garbageLines({ dryRun, dropped, needed, young }: GarbageResult): string[] {
  const kinds = Object.entries(dropped);
  return [
    ...kinds.map(([kind, count]) => `${dryRun ? 'would drop' : 'dropped'} ${kind}: ${countText(count)}`),
    ...(kinds.length === 0 ? ['Nothing to drop.'] : []),
    `needed: ${countText(needed)}`,
    ...(young.files > 0 ? [`not needed, but too young to drop (--grace): ${countText(young)}`] : []),
  ];
}

function countText({ files, bytes }: FileCount): string {
  return `${plural(files, 'file')}, ${(bytes / 1e6).toFixed(1)} MB`;
}

export function explanationLines(explanation: Explanation): string[] {
  if (explanation.kind === 'run') return runLines(explanation);
  const { book, history } = explanation;
  return [
    ...(explanation.kind === 'chunk' ? chunkLines(explanation.chunk, book) : []),
    ...(book ? bookLines(book) : ['The catalog does not know its book; `scriptorium verify` names it.']),
    ...(history ? historyLines(history) : ['Temporal keeps no history of its ingestion any more.']),
  ];
}

function runLines({
  library,
  workflowId,
  embedderId,
  history,
}: Extract<Explanation, { kind: 'run' }>): string[] {
  return [
    `Run ${workflowId} over library ${printable(library)}, model ${embedderId}`,
    ...(history
      ? [executionLine(history), ...progressLines(history)]
      : ['Temporal keeps no history of it any more.']),
  ];
}

function progressLines({ progress }: RunHistory): string[] {
  if (!progress) return [];
  const { total, ingested, unchanged, failed, cancelled } = progress.books;
  return [
    `${plural(total, 'book')}: ${ingested} ingested, ${unchanged} unchanged, ${failed} failed, ${cancelled} cancelled; ${plural(progress.chunks, 'chunk')}`,
    ...progress.failures.map(({ code, path }) => `${code} ${printable(path)}`),
  ];
}

function chunkLines(chunk: ChunkExplanation, book: BookExplanation | null): string[] {
  const { chunkId, ordinal, searchable, text, page, section } = chunk;
  const state = searchable ? 'found by searches' : 'not of the committed revision, so no search gives it';
  return [
    `Chunk ${chunkId}, number ${ordinal + 1}${book ? ` of ${book.chunks}` : ''}: ${state}`,
    placeText({ title: book?.title ?? 'unknown book', page, section }),
    `  ${printable(text)}`,
    '',
  ];
}

function bookLines(book: BookExplanation): string[] {
  const { path, bookId, library, title, state, failure, revision, pages, unreadable, chunks, points } = book;
  const madeNow = book.pipeline === book.currentPipeline ? 'as configured now' : 'not as configured now';
  return [
    `Book ${bookId} in library ${printable(library)}: ${state}`,
    ...(failure
      ? [
          `  ${failure.code} (${failure.stage}, ${plural(failure.attempts, 'attempt')}): ${printable(failure.message)}`,
        ]
      : []),
    `  source    ${printable(path)}`,
    `  content   ${printable(title ?? '(no title)')}, ${book.format ?? 'unknown format'}, ${book.bytes.toLocaleString('en')} bytes, SHA-256 ${book.sha256 ?? 'unknown'}`,
    `  revision  ${revision ?? 'none'}: ${plural(pages, 'page')}, ${plural(chunks, 'chunk')}, ${plural(points, 'passage')} in the store`,
    ...(unreadable ? [`  damage    ${damageText(unreadable)}`] : []),
    `  pipeline  ${book.pipeline || 'unknown'}, ${madeNow}`,
    `  workflow  ${book.workflowId}, ${new Date(book.updatedAtMs).toISOString()}`,
  ];
}

function historyLines(history: BookHistory): string[] {
  return [executionLine(history), ...history.steps.map(stepLine)];
}

function executionLine({ type, runId, status, startedAtMs, seconds }: BookHistory | RunHistory): string {
  return `${type} ${status.toLowerCase()}: began ${new Date(startedAtMs).toISOString()}, ${duration(seconds)}, run id ${runId}`;
}

function stepLine({ step, attempts, seconds, outcome, lastFailure }: Step): string {
  const took = seconds === null ? '' : `, ${duration(seconds)}`;
  const before = lastFailure ? `; the attempt before: ${printable(lastFailure)}` : '';
  return `  ${step.padEnd(12)} ${outcome}, ${plural(attempts, 'attempt')}${took}${before}`;
}
