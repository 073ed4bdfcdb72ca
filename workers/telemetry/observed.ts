/** An object whose methods are watched: spans come from outside, so that stores and models need not know of them. */

/** Stands between the caller and a method that gives a promise: calls `run` and gives its result. */
export type Watch = (
  method: string,
  args: readonly unknown[],
  run: () => Promise<unknown>,
) => Promise<unknown>;

/** The same object; calls of the named methods pass through `watch`, the others are left as they are. */
export function observed<T extends object>(target: T, methods: ReadonlySet<string>, watch: Watch): T {
  return new Proxy(target, {
    get(_, property) {
      // The object itself, not the proxy, is `this`: private fields are only there.
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (typeof property !== 'string' || !methods.has(property))
        return (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      return (...args: unknown[]): Promise<unknown> =>
        watch(property, args, async () => await Reflect.apply(value, target, args));
    },
  });
}
