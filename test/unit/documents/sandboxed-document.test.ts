import { describe, expect, test } from '@jest/globals';
import {
  type LentProcess,
  openSandboxed,
} from '../../../activities/adapters/documents/sandbox/sandboxed-document.ts';
import { ScriptoriumError } from '../../../activities/errors.ts';

const MEMORY = 100;

/** Processes whose memory grows with what is done in them, as PDFium's does. */
class Processes {
  /** What each document or range needs. */
  readonly needs: { readonly open: number; readonly read: number };
  /** What earlier books left in the process that is lent first. */
  left: number;
  readonly lent: { readonly fresh: boolean }[] = [];
  out = 0;

  constructor(left: number, needs: { readonly open: number; readonly read: number }) {
    this.left = left;
    this.needs = needs;
  }

  readonly acquire = async ({ fresh }: { readonly fresh: boolean }): Promise<LentProcess> => {
    // It has one process: who does not give it back waits for ever.
    expect(this.out).toBe(0);
    this.out = 1;
    this.lent.push({ fresh });
    let used = fresh ? 0 : this.left;
    let alive = true;
    return {
      isFresh: fresh || this.left === 0,
      process: {
        alive: true,
        busy: false,
        kill: () => {},
        request: async (request, schema) => {
          if (!alive) throw new ScriptoriumError('EXTRACTION_CRASHED', 'it is dead');
          if (request.kind === 'close') return schema.parse(null);
          used += request.kind === 'open' ? this.needs.open : this.needs.read;
          alive = used <= MEMORY;
          if (!alive) throw new ScriptoriumError('EXTRACTION_OUT_OF_MEMORY', 'too large');
          return schema.parse(request.kind === 'open' ? meta : []);
        },
      },
      [Symbol.dispose]: () => {
        this.out = 0;
      },
    };
  };

  async read(ranges: number): Promise<void> {
    const limits = { maxFileBytes: 1, maxTextBytes: 1 };
    await using document = await openSandboxed({ path: '/a.pdf', limits, acquire: this.acquire });
    for (let range = 0; range < ranges; range++) await document.read(range, range + 1);
  }
}

const meta = {
  ...{ format: 'pdf', title: null, author: null, language: null, year: null },
  ...{ paged: true, units: 9, engine: 'pdfium' },
};

describe('a document in a process that may be too large already', () => {
  test('is opened once more in one of its own', async () => {
    const processes = new Processes(60, { open: 50, read: 1 });
    await processes.read(3);
    expect(processes.lent).toEqual([{ fresh: false }, { fresh: true }]);
    expect(processes.out).toBe(0);
  });

  test('is read on in one of its own, as often as its own pages fill one', async () => {
    const processes = new Processes(0, { open: 10, read: 40 });
    await processes.read(6);
    expect(processes.lent).toEqual([{ fresh: false }, { fresh: true }, { fresh: true }]);
  });

  test.each([
    ['that needs more than a whole process to be opened', { open: 101, read: 1 }, 30, 2],
    ['whose range needs more than a whole process', { open: 10, read: 95 }, 30, 2],
    ['that fails at its first range in a fresh process', { open: 10, read: 95 }, 0, 1],
  ])('%s is refused', async (_, needs, left, lent) => {
    const processes = new Processes(left, needs);
    await expect(processes.read(1)).rejects.toMatchObject({ code: 'EXTRACTION_OUT_OF_MEMORY' });
    expect(processes.lent).toHaveLength(lent);
    expect(processes.out).toBe(0);
  });
});
