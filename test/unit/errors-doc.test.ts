import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import {
  type ErrorEntry,
  errorRegistry,
  ScriptoriumError,
  toScriptoriumError,
} from '../../activities/errors.ts';
import { exitCodes } from '../../client/cli/output.ts';
import { ARTIFACT_ROUNDS, policies } from '../../workflows/policies.ts';
import '../helpers/any-realm.ts';

const doc = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');

interface Row {
  readonly retried: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** The table of the page, by code. */
const rows = new Map<string, Row>();
const repeated: string[] = [];
for (const line of doc.split('\n')) {
  const [, code, retried = '', meaning = '', remedy = ''] =
    /^\| `(.+?)` +\| (.+?) +\| (.+?) +\| (.+?) +\|$/.exec(line) ?? [];
  if (code === undefined) continue;
  if (rows.has(code)) repeated.push(code);
  rows.set(code, { retried, meaning, remedy });
}

const retriedOf = ({ retryable, outage, ofContent }: ErrorEntry): string =>
  ofContent && retryable
    ? 'three tries, then when changed'
    : ofContent
      ? 'when changed'
      : outage
        ? 'until it ends'
        : retryable
          ? 'three tries'
          : 'no';

describe('docs/errors.md', () => {
  test.each(Object.entries(errorRegistry))('tells of %s what the registry says', (code, entry) => {
    expect(rows.get(code)).toEqual({
      retried: retriedOf(entry),
      meaning: entry.meaning,
      remedy: entry.remedy,
    });
  });

  test('names no code that is not in the registry, none twice, and in the same order', () => {
    expect([...rows.keys()]).toEqual(Object.keys(errorRegistry));
    expect(repeated).toEqual([]);
    const named = [...doc.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code);
    expect(named.filter((code) => code !== undefined && !(code in errorRegistry))).toEqual([]);
  });

  test('has every row of its table read', () => {
    const lines = doc.split('\n').filter((line) => line.startsWith('|'));
    expect(lines).toHaveLength(rows.size + 2);
  });

  test('tells the exit codes', () => {
    for (const code of Object.values(exitCodes)) expect(doc).toMatch(new RegExp(`\\b${code} [a-z]`));
  });

  test('tells the waits of the retry policies', () => {
    expect(policies.extract.retry).toEqual({
      initialInterval: '5s',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
    });
    for (const policy of Object.values(policies)) expect(policy).not.toHaveProperty('scheduleToCloseTimeout');
    expect(ARTIFACT_ROUNDS).toBe(3);
    expect(doc).toMatch(/after 5, 10, 20, 40 seconds\s+and then every minute, for as long as it lasts/);
  });
});

describe('the registry', () => {
  test.each(Object.entries(errorRegistry))(
    'has a sentence each for what %s means and what to do',
    (_, entry) => {
      expect(entry.meaning).toMatch(/^[A-Z].*\.$/);
      expect(entry.remedy).toMatch(/^[A-Z].*\.$/);
    },
  );

  test('has one failure of a file’s content that is retried: the clock on the wall may be at fault', () => {
    const retried = Object.entries(errorRegistry).filter(
      ([, { ofContent, retryable }]) => ofContent && retryable,
    );
    expect(retried.map(([code]) => code)).toEqual(['EXTRACTION_TIMEOUT']);
  });

  test('has no outage that is not retried', () => {
    for (const entry of Object.values(errorRegistry)) expect(entry.outage && !entry.retryable).toBe(false);
  });
});

describe('any thrown value', () => {
  test('is itself when it has a code already', () => {
    const error = new ScriptoriumError('NO_TEXT', 'x');
    expect(toScriptoriumError(error)).toBe(error);
  });

  test.each(['ENOSPC', 'EDQUOT', 'EROFS'])('with %s is DISK_FULL and keeps its cause', (code) => {
    const error = Object.assign(new Error(`${code}: write`), { code });
    expect(toScriptoriumError(error)).toMatchObject({
      code: 'DISK_FULL',
      cause: error,
      message: error.message,
    });
  });

  test.each(['EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'ENODEV', 'EMFILE', 'ENFILE'])(
    'with %s of a file is DISK_UNREACHABLE, for which books wait',
    (code) => {
      const error = Object.assign(new Error(`${code}: words of the system, read`), { code });
      expect(toScriptoriumError(error)).toMatchObject({ code: 'DISK_UNREACHABLE', cause: error });
      expect(errorRegistry.DISK_UNREACHABLE.outage).toBe(true);
    },
  );

  test.each(['read ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443', 'shutdown ENOTCONN'])(
    'of a socket is no fault of a disk: %s',
    (message) => {
      const code = /E[A-Z]+/.exec(message)?.[0];
      expect(toScriptoriumError(Object.assign(new Error(message), { code })).code).toBe('INTERNAL');
    },
  );

  test.each([undefined, null, 'words', 42, {}, new Error('x'), Object.assign(new Error('x'), { code: 42 })])(
    'of no known kind is INTERNAL: %p',
    (thrown) => {
      expect(toScriptoriumError(thrown).code).toBe('INTERNAL');
    },
  );
});
