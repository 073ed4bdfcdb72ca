/** Light, dark, or as the system has it. */
import { effect, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const STORED_AS = 'scriptorium.theme';

export const theme = signal<Theme>(
  themes.find((each) => each === localStorage.getItem(STORED_AS)) ?? 'system',
);

/** Keeps the page in its theme from now on. */
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem(STORED_AS, theme.value);
  });
}
