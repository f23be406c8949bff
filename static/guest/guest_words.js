import { WORDS, money, number } from '../languages/language.js';

/**
 * The texts for the controls of a line on a guest's page, in the current language. @type
 * {import('../shared/line_controls.js').Speech}
 */
export const GUEST = { words: WORDS, money, number };
