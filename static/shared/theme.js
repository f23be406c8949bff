import { keepLocal, recallLocal } from './storage.js';

const THEME = 'staff.theme';

/** @returns {string} `light`, `dark`, or empty for the device's own */
export function theme() {
  return recallLocal(THEME, '');
}

/** @param {string} name as returned by `theme` */
export function setTheme(name) {
  keepLocal(THEME, name);
  showTheme();
}

export function showTheme() {
  const name = theme();
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}
