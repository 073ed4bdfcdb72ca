import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type SessionLimits, Sessions } from '../../../client/mcp/sessions.ts';
import { eventually } from '../../helpers/eventually.ts';

async function withSessions(
  limits: SessionLimits,
  work: (sessions: Sessions<string>, closed: readonly string[]) => Promise<void>,
): Promise<void> {
  const closed: string[] = [];
  const sessions = new Sessions<string>(async (held) => void closed.push(held), limits);
  await work(sessions, closed);
  await sessions.endAll();
}

describe('sessions', () => {
  test('are their owners’ alone', () =>
    withSessions({}, async (sessions) => {
      sessions.add('1', 'anna', 'a');
      expect(sessions.of('1', 'anna')).toBe('a');
      expect(sessions.of('1', 'bert')).toBeNull();
      expect(sessions.of('2', 'anna')).toBeNull();
    }));

  test('of one owner make way for a new one of that owner, the longest unused first', () =>
    withSessions({ mostOfOne: 2 }, async (sessions, closed) => {
      for (const id of ['1', '2']) {
        sessions.add(id, 'anna', id);
        await delay(5);
      }
      sessions.use('1')();
      await sessions.makeRoom('anna');
      expect(closed).toEqual(['2']);
      await sessions.makeRoom('bert');
      expect(closed).toEqual(['2']);
    }));

  test('that are in use make no way: then there is no room', () =>
    withSessions({ mostOfOne: 1 }, async (sessions, closed) => {
      sessions.add('1', 'anna', 'a');
      const used = sessions.use('1');
      await expect(sessions.makeRoom('anna')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      used();
      await sessions.makeRoom('anna');
      expect(closed).toEqual(['a']);
    }));

  test('of others make no way when there are too many in all', () =>
    withSessions({ most: 1 }, async (sessions, closed) => {
      sessions.add('1', 'anna', 'a');
      await expect(sessions.makeRoom('bert')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      expect(closed).toEqual([]);
    }));

  test('that nobody uses are closed, and others are not', () =>
    withSessions({ idleMs: 60 }, async (sessions, closed) => {
      sessions.add('1', 'anna', 'unused');
      sessions.add('2', 'anna', 'used');
      sessions.use('2');
      await eventually(() => closed.length > 0);
      expect(closed).toEqual(['unused']);
      expect(sessions.count).toBe(1);
    }));
});
