/**
 * Jest runs tests in a realm of their own, in which what Node itself makes is no `Error` and no `Float32Array`. With
 * this module imported, `instanceof` answers as it does in a plain process.
 */
import { types } from 'node:util';

for (const [type, is] of [
  [Error, types.isNativeError],
  [Float32Array, types.isFloat32Array],
] as const) {
  const usual = type[Symbol.hasInstance];
  Object.defineProperty(type, Symbol.hasInstance, {
    configurable: true,
    // Subclasses inherit this function, and must be asked in the usual way.
    value(this: unknown, value: unknown): boolean {
      return usual.call(this, value) || (this === type && is(value));
    },
  });
}
