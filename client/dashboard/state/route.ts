/** Where the reader is. */
import { signal } from '@preact/signals';
import { hashOf, parseRoute, type Route } from '../routes.ts';

export const route = signal<Route>(parseRoute(location.hash));

/** Keeps the route by the address from now on. */
export function followAddress(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
}

/** Goes there; a step back leads to where the reader was. */
export function go(to: Exclude<Route, { page: 'unknown' }>): void {
  location.hash = hashOf(to);
}

/** Changes the address of what is shown, without a step of its own. */
export function readdress(to: Exclude<Route, { page: 'unknown' }>): void {
  history.replaceState(null, '', hashOf(to));
  route.value = to;
}
