import { h } from './dom.js';
import { icon } from './icons.js';

/**
 * Returns the sound button. It distinguishes a muted sound from one that the browser allows only after a touch. @param
 * {import('../shared/sound.js').Sound} sound
 */
export function soundButton(sound) {
  const words = sound.muted ? 'Muted' : sound.ready ? 'Sound on' : 'Touch for sound';
  return barButton('mute', sound.muted || !sound.ready ? 'bellOff' : 'bell', words, {
    'aria-pressed': String(sound.muted), 'data-warn': !sound.muted && !sound.ready,
  });
}

/**
 * @param {string} name @param {Parameters<typeof icon>[0]} sign @param {string} words
 * @param {Record<string, any>} [attributes]
 */
export function barButton(name, sign, words, attributes = {}) {
  return h('button.button.bar__button', { 'type': 'button', 'data-key': name, 'data-do': name, ...attributes },
    icon(sign), h('span.bar__words', {}, words));
}
