/** One book of which the points or artifacts looked wrong: what is wrong with it, and mending it. */
import {
  type BookFault,
  type FaultCounts,
  MAX_NAMED_POINTS,
  type PointFault,
} from '../workflows/upkeep-contract.ts';
import { PointTally, type PointVerdict } from './point-tally.ts';
import type { BookRecord } from './ports/catalog.ts';
import { markForIngestion, mendBook, type RepairPorts, type Wounds } from './repair.ts';
import { isBusy, type RunningWorkflows } from './running.ts';
import type { StageContext } from './stage.ts';
import { clip } from './text/clip.ts';

export interface CheckPorts extends RepairPorts {
  readonly running: RunningWorkflows;
}

/** `busy`: it is being ingested or removed, or was while we looked. Null: nothing is wrong. */
export type BookFinding = BookFault | 'busy' | null;

interface Diagnosis extends Wounds {
  readonly record: BookRecord | undefined;
  readonly library: string;
  readonly counts: FaultCounts;
  readonly points: BookFault['points'];
}

/** Paths of findings; the whole one is in the catalog. In UTF-16 units. */
const MAX_PATH = 500;

export class BookCheck {
  readonly #ports: CheckPorts;
  readonly #repair: boolean;
  readonly #context: StageContext;

  constructor(ports: CheckPorts, repair: boolean, context: StageContext) {
    this.#ports = ports;
    this.#repair = repair;
    this.#context = context;
  }

  /** `library` is what a point of the book names, for a book that the catalog may not know. */
  async look(bookId: string, library: string, damagedArtifacts: readonly string[]): Promise<BookFinding> {
    const found = await this.#diagnose(bookId, library);
    if (found === 'busy') return 'busy';
    const hurt = total(found.counts) > 0;
    if (!hurt && damagedArtifacts.length === 0) return null;
    const remedy = this.#repair ? await this.#mend(bookId, found, damagedArtifacts) : remedies.repair;
    if (remedy === 'busy') return 'busy';
    return {
      ...{ bookId, library: found.record?.library ?? found.library, ...found.counts, points: found.points },
      ...{ path: found.record ? clip(found.record.path, MAX_PATH) : null, damagedArtifacts },
      ...{ mended: remedy === null, remedy },
    };
  }

  /** Resolves to what is left to do; null when all is well, `busy` when somebody else took the book up. */
  async #mend(
    bookId: string,
    found: Diagnosis,
    damagedArtifacts: readonly string[],
  ): Promise<Remedy | 'busy' | null> {
    const { store, artifacts } = this.#ports;
    for (const key of damagedArtifacts) await artifacts.remove(key);
    if (!found.record) await store.delete(bookId);
    else {
      const mending = await mendBook(this.#ports, found.record, found, this.#context);
      if (mending === 'changed') return 'busy';
      if (mending === 'gone') return remedies.ingest;
    }
    const now = await this.#diagnose(bookId, found.library);
    if (now === 'busy') return 'busy';
    if (total(now.counts) > 0) return remedies.again;
    if (!found.record || damagedArtifacts.length === 0) return null;
    await markForIngestion(this.#ports.catalog, found.record);
    return remedies.read;
  }

  async #diagnose(bookId: string, library: string): Promise<Diagnosis | 'busy'> {
    const { catalog, running } = this.#ports;
    const before = (await catalog.get([bookId])).get(bookId);
    const found = await this.#examine(bookId, before, library);
    if (await isBusy(running, found.library, bookId)) return 'busy';
    const after = (await catalog.get([bookId])).get(bookId);
    return isSame(before, after) ? found : 'busy';
  }

  async #examine(bookId: string, record: BookRecord | undefined, library: string): Promise<Diagnosis> {
    const tally = record && new PointTally(record);
    const counts = { missing: 0, surplus: 0, stale: 0, foreign: 0 };
    const points: { fault: PointFault; id: string }[] = [];
    const unknownIds: string[] = [];
    let again = 0;
    const note = (fault: PointFault, id: string): void => {
      counts[fault] += 1;
      if (points.length < MAX_NAMED_POINTS) points.push({ fault, id });
    };
    for await (const page of this.#ports.store.scan({ bookId })) {
      for (const key of page) {
        const verdict = tally?.add(key);
        if (verdict === 'good') continue;
        note(faultOf(verdict), key.id);
        if (verdict === 'unknown') unknownIds.push(key.id);
        if (verdict === 'again') again += 1;
      }
    }
    for (const id of tally?.missingIds() ?? []) note('missing', id);
    const wounds = { unknownIds, stale: counts.stale, toWrite: counts.missing + again };
    return { record, library: record?.library ?? library, counts, points, ...wounds };
  }
}

const remedies = {
  repair: '`scriptorium verify --repair` mends it.',
  ingest:
    'Its intermediate files are gone, so it has to be read again: ingest its path once more, which will not pass over it as unchanged.',
  read: 'It can be searched. What was damaged is dropped: ingest its path once more, which will make it again and not pass over it as unchanged.',
  again: 'It is still not as it should be; look at the log of the workers, then verify again.',
} as const;
type Remedy = (typeof remedies)[keyof typeof remedies];

function faultOf(verdict: PointVerdict | undefined): PointFault {
  if (verdict === undefined) return 'foreign';
  return verdict === 'stale' ? 'stale' : 'surplus';
}

function total({ missing, surplus, stale, foreign }: FaultCounts): number {
  return missing + surplus + stale + foreign;
}

/** Every step of an ingestion or removal that concerns searches leaves its trace in the record. */
function isSame(before: BookRecord | undefined, after: BookRecord | undefined): boolean {
  return before?.updatedAtMs === after?.updatedAtMs && before?.revision === after?.revision;
}
