/** What every ledger of usage does. */
import { describe, expect, test } from '@jest/globals';
import type { UsageEntry, UsageLedger } from '../../activities/ports/usage-ledger.ts';

export interface FreshLedger extends AsyncDisposable {
  /** As often as processes use the same one. */
  open(): Promise<UsageLedger>;
}

const DAY = '2026-01-31';

function entryOf(writer: string, change: Partial<UsageEntry> = {}): UsageEntry {
  return { day: DAY, writer, answers: 1, inputTokens: 700, outputTokens: 80, costCents: 0.25, ...change };
}

const byWriter = (entries: readonly UsageEntry[]) =>
  [...entries].sort((a, b) => a.writer.localeCompare(b.writer));

export function usageLedgerContract(name: string, fresh: () => Promise<FreshLedger>): void {
  describe(`usage ledger: ${name}`, () => {
    test('has nothing of a day on which nothing was answered', async () => {
      await using place = await fresh();
      await using ledger = await place.open();
      expect(await ledger.of(DAY)).toEqual([]);
    });

    test('keeps the last entry of each process, for each day', async () => {
      await using place = await fresh();
      await using ledger = await place.open();
      await ledger.put(entryOf('a'));
      await ledger.put(entryOf('a', { answers: 2, costCents: 0.5 }));
      await ledger.put(entryOf('a', { day: '2026-02-01', answers: 9 }));
      expect(await ledger.of(DAY)).toEqual([entryOf('a', { answers: 2, costCents: 0.5 })]);
      expect(await ledger.of('2026-02-01')).toEqual([entryOf('a', { day: '2026-02-01', answers: 9 })]);
    });

    test('shows every process what all have spent, and outlives them', async () => {
      await using place = await fresh();
      await using first = await place.open();
      {
        await using second = await place.open();
        await Promise.all([first.put(entryOf('a')), second.put(entryOf('b'))]);
      }
      expect(byWriter(await first.of(DAY))).toEqual([entryOf('a'), entryOf('b')]);
      await using later = await place.open();
      expect(byWriter(await later.of(DAY))).toEqual([entryOf('a'), entryOf('b')]);
    });
  });
}
