import { h } from './dom.js';
import { icon } from './icons.js';

/** Returns the button that silences the current alarm. The next alarm rings again. */
export function silenceButton() {
  return h('button.button.bar__button', { 'type': 'button', 'data-key': 'silence', 'data-do': 'silence', 'data-warn': true },
    icon('bellOff'), h('span', {}, 'Silence'));
}

export function pauseButton() {
  return h('button.button.bar__button', { 'type': 'button', 'data-key': 'pause', 'data-do': 'ask-pause' },
    icon('pause'), h('span.bar__words', {}, 'Pause'));
}

export function accountButton() {
  return h('button.button.bar__button', { 'type': 'button', 'data-key': 'account', 'data-do': 'account' },
    icon('person'), h('span.bar__words', {}, 'Account'));
}
