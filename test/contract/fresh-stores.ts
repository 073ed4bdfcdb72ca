import { afterEach, beforeEach } from '@jest/globals';
import { type Backing, closeStores, type Stores } from './store-fixtures.ts';

export interface FreshStores {
  backing: Backing;
  /** A test that opens them again puts them here. */
  stores: Stores;
}

/** New, empty stores before each test of a contract; they are there in the tests only. */
export function freshStores(start: () => Promise<Backing>): FreshStores {
  let current: FreshStores | null = null;
  const inTest = (): FreshStores => {
    if (current === null) throw new Error('the stores are there in tests only');
    return current;
  };
  beforeEach(async () => {
    const backing = await start();
    current = { backing, stores: await backing.open() };
  });
  afterEach(async () => {
    const { stores, backing } = inTest();
    await closeStores(stores);
    await backing[Symbol.asyncDispose]();
  });
  return {
    get backing() {
      return inTest().backing;
    },
    get stores() {
      return inTest().stores;
    },
    set stores(stores) {
      inTest().stores = stores;
    },
  };
}
