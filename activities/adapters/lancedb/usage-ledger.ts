import { Field, Schema, Utf8 } from 'apache-arrow';
import type { UsageEntry, UsageLedger } from '../../ports/usage-ledger.ts';
import { usageEntry } from '../usage-entries.ts';
import { openLanceDatabase, SMALL_CACHES } from './database.ts';
import { RecordTable } from './record-table.ts';
import { equals } from './sql.ts';
import { keyField } from './table.ts';

const text = (name: string): Field => new Field(name, new Utf8(), false);
const schema = new Schema([keyField('key'), text('day'), text('record')]);

/** What answers cost, in a table beside the catalog. */
export class LanceUsageLedger implements UsageLedger {
  readonly #entries: RecordTable;

  private constructor(entries: RecordTable) {
    this.#entries = entries;
  }

  /** @throws ScriptoriumError STORE_UNREACHABLE, DISK_FULL */
  static async open(folder: string): Promise<LanceUsageLedger> {
    const database = await openLanceDatabase(folder, SMALL_CACHES);
    return new LanceUsageLedger(await RecordTable.open(database, { name: 'usage', schema, indexed: [] }));
  }

  async put(entry: UsageEntry): Promise<void> {
    const { day, writer } = entry;
    await this.#entries.put({ key: `${day} ${writer}`, day, record: JSON.stringify(entry) });
  }

  async of(day: string): Promise<readonly UsageEntry[]> {
    const records = await this.#entries.read({ where: equals('day', day) });
    return records.map((record) => usageEntry.parse(JSON.parse(record)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#entries[Symbol.asyncDispose]();
  }
}
