import { WORDS, money, number } from '../languages/language.js';

/** How a guest's page says what the controls of a line say, in the current language. @type {import('../shared/line_controls.js').Speech} */
export const GUEST = { words: WORDS, money, number };
