import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { poll } from '../../../client/dashboard/state/poll.ts';

/** A tab that can be hidden. */
class Tab {
  hidden = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'visibilitychange', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'visibilitychange', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  hide(hidden: boolean): void {
    this.hidden = hidden;
    for (const listener of this.#listeners) listener();
  }
}

let tab: Tab;
let looks: number;
const look = async (): Promise<number | null> => {
  looks++;
  return 1_000;
};

beforeEach(() => {
  jest.useFakeTimers();
  tab = new Tab();
  looks = 0;
});
afterEach(() => {
  jest.useRealTimers();
});

test('it looks at once, and again when the time has passed', async () => {
  const end = poll(look, tab);
  expect(looks).toBe(1);
  await jest.advanceTimersByTimeAsync(3_000);
  expect(looks).toBe(4);
  end();
  await jest.advanceTimersByTimeAsync(5_000);
  expect(looks).toBe(4);
});

test('it stops while the tab is hidden, and looks at once when it is shown', async () => {
  poll(look, tab);
  tab.hide(true);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(looks).toBe(1);
  tab.hide(false);
  expect(looks).toBe(2);
});

test('it begins hidden without a look', () => {
  tab.hidden = true;
  poll(look, tab);
  expect(looks).toBe(0);
});

test('it ends when the last look says so', async () => {
  poll(async () => {
    looks++;
    return null;
  }, tab);
  await jest.advanceTimersByTimeAsync(10_000);
  tab.hide(false);
  expect(looks).toBe(1);
});

test('a look never begins before the last is over', async () => {
  let finish = (_wait: number): void => {};
  const end = poll(() => {
    looks++;
    return new Promise<number>((resolve) => {
      finish = resolve;
    });
  }, tab);
  tab.hide(true);
  tab.hide(false);
  expect(looks).toBe(1);
  finish(10);
  await jest.advanceTimersByTimeAsync(10);
  expect(looks).toBe(2);
  end();
});
