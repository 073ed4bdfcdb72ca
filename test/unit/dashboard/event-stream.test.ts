import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventStreamReader } from '../../../client/dashboard/text/event-stream.ts';

function read(...pieces: string[]) {
  const reader = new EventStreamReader();
  return pieces.flatMap((piece) => reader.read(piece));
}

describe('an event stream', () => {
  test('gives events by name, with their data', () => {
    expect(read('event: stage\ndata: {"stage":"searching"}\n\nevent: text\ndata: a\ndata: b\n\n')).toEqual([
      { event: 'stage', data: '{"stage":"searching"}' },
      { event: 'text', data: 'a\nb' },
    ]);
  });

  test('passes over comments, other fields and events without data', () => {
    expect(read(': still here\n\nid: 1\nretry: 5\nevent: empty\n\ndata:x\n\n')).toEqual([
      { event: 'message', data: 'x' },
    ]);
  });

  test('reads every kind of line break, cut anywhere', () => {
    expect(read('data: 1\r', '\n\r', '\ndata: 2\r\r', 'data: 3\n\n')).toEqual(
      ['1', '2', '3'].map((data) => ({ event: 'message', data })),
    );
  });

  test('keeps an event that is not whole to itself', () => {
    expect(read('event: text\ndata: half')).toEqual([]);
  });

  test('is the same in whatever pieces it comes', () => {
    const events = fc.array(fc.record({ event: fc.constantFrom('text', 'answer'), data: fc.json() }));
    fc.assert(
      fc.property(events, fc.array(fc.nat(60)), (sent, cuts) => {
        const text = sent.map(({ event, data }) => `event: ${event}\r\ndata: ${data}\r\n\r\n`).join('');
        const ends = [...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
        const pieces = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end));
        expect(read(...pieces)).toEqual(sent);
      }),
    );
  });
});
