/** What a workflow keeps of its jobs fits into what it may carry, whatever comes. */
import { describe, expect, test } from '@jest/globals';
import { MAX_KEPT_JSON, MAX_REQUESTS, MAX_TAKEN_JSON } from '../../workflows/job-contract.ts';
import { type JobRun, Jobs } from '../../workflows/jobs.ts';

const request = (id: number, paths: readonly string[], idempotencyKey = `key ${id}`) => ({
  ...{ id: `${id}`, paths: [...paths], parallel: 5, idempotencyKey },
});
const paths = (of: number): string[] =>
  Array.from({ length: 100 }, (_, at) => `/books/${of}/${'x'.repeat(100)}-${at}.pdf`);
const done: JobRun = {
  result: async () => ({
    ...{ library: 'default', books: counts(), chunks: 1, failures: [], seconds: 1 },
    ...{ workflowId: 'ingest-library/default', skippedFiles: {} },
  }),
};
const counts = () => ({ total: 1, ingested: 1, unchanged: 0, failed: 0, cancelled: 0 });

describe('the jobs of a library', () => {
  test('that ended are remembered as far as they can be carried, the latest in any case', async () => {
    const jobs = new Jobs([], []);
    for (let at = 0; at < 200; at += 1) {
      jobs.add(request(at, paths(at)));
      await jobs.work(async () => done);
    }
    const { ended } = jobs.carried;
    expect(JSON.stringify(ended).length).toBeLessThanOrEqual(MAX_KEPT_JSON);
    expect(ended.length).toBeGreaterThan(20);
    expect(jobs.find('199')).toMatchObject({ state: 'done' });
    expect(jobs.find('0')).toBeNull();
  });

  test.each([
    ['of many paths', (at: number) => request(at, paths(at))],
    ['of a short path and a long key', (at: number) => request(at, ['/a'], `${'k'.repeat(190)} ${at}`)],
  ])('%s are refused before they are more than can be carried', (_, requestOf) => {
    const jobs = new Jobs([], []);
    let refusal: unknown;
    for (let at = 0; refusal === undefined && at < 10_000; at += 1)
      try {
        jobs.check(requestOf(at));
        jobs.add(requestOf(at));
      } catch (error) {
        refusal = error;
      }
    expect(refusal).toMatchObject({ type: 'JOBS_FULL' });
    expect(jobs.hasRoom).toBe(false);
    expect(new Jobs(jobs.carried.waiting.slice(0, jobs.carried.waiting.length / 2), []).hasRoom).toBe(true);
    expect(JSON.stringify(jobs.carried).length).toBeLessThanOrEqual(1.2 * MAX_KEPT_JSON);
  });

  test('that names more than one can carry is told so, and not to come again later', () => {
    const long = Array.from({ length: 100 }, (_, at) => `/books/${'x'.repeat(2_000)}-${at}`);
    expect(() => new Jobs([], []).check(request(1, long))).toThrow(
      expect.objectContaining({ type: 'INVALID_ARGUMENT' }),
    );
  });

  test('whose one request comes again and again are not more than a history holds', () => {
    const jobs = new Jobs([], []);
    const one = request(1, paths(1));
    let taken = 0;
    expect(() => {
      for (; taken < MAX_REQUESTS; taken += 1) {
        jobs.check(one);
        jobs.add(one);
      }
    }).toThrow('Too many requests');
    expect(taken * JSON.stringify(one).length).toBeLessThan(1.1 * MAX_TAKEN_JSON);
    // It begins anew, and takes others again.
    expect(jobs.isFull).toBe(true);
  });

  test('that is sent again and again is refused before Temporal refuses it', () => {
    const jobs = new Jobs([], []);
    const again = request(1, ['/a']);
    for (let times = 0; times < MAX_REQUESTS; times += 1) {
      jobs.check(again);
      jobs.add(again);
    }
    expect(jobs.carried.waiting).toHaveLength(1);
    expect(jobs.isFull).toBe(true);
    expect(new Jobs(jobs.carried.waiting, []).isFull).toBe(false);
    expect(() => jobs.check(again)).toThrow(expect.objectContaining({ type: 'JOBS_FULL' }));
  });
});
