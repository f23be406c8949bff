import { features } from '../client/features.js';
import { keepLocal, recallLocal } from './storage.js';

/**
 * The tunes as notes: [start in seconds, frequency in hertz, length in seconds].
 * Each can be recognized without looking: rising, the same note twice, falling, a small tick.
 * @type {Record<string, [number, number, number][]>}
 */
const TUNES = {
  new: [[0, 660, 0.16], [0.17, 880, 0.28]],
  changed: [[0, 740, 0.12], [0.18, 740, 0.12]],
  cancelled: [[0, 520, 0.22], [0.24, 390, 0.22], [0.48, 290, 0.4]],
  incoming: [[0, 1040, 0.09]],
  ring: [[0, 1318, 0.5], [0.14, 1046, 0.6]],
  call: [[0, 880, 0.15], [0.18, 1174, 0.15], [0.36, 880, 0.25]],
};

/**
 * Beeps made by Web Audio, so that no file is needed. Browsers allow sound only after a first touch. With
 * `--autoplay-policy=no-user-gesture-required`, as for a kiosk, the browser allows it at once, even after a reload at night.
 */
export class Sound {
  /** @type {AudioContext | null} */
  #context = null;
  #muted = recallLocal('muted', false) === true;
  /** @type {() => void} */
  #changed;

  /** @param {() => void} changed called when the sound button may have to be redrawn */
  constructor(changed) {
    this.#changed = changed;
    this.#unlock();
    for (const event of ['pointerdown', 'keydown']) addEventListener(event, () => this.#unlock());
  }

  get muted() {
    return this.#muted;
  }

  /** False until the first touch. Until then all sounds are silent. */
  get ready() {
    return this.#context?.state === 'running';
  }

  /** Whether the browser waits for a touch before it lets the page be heard. */
  get blocked() {
    return !this.#muted && !this.ready;
  }

  toggle() {
    this.#muted = !this.#muted;
    keepLocal('muted', this.#muted);
    this.#changed();
  }

  /** @param {keyof typeof TUNES} name */
  play(name) {
    if (this.#muted || !this.#context || !this.ready) return;
    for (const [start, frequency, length] of TUNES[name]) this.#note(this.#context, start, frequency, length);
  }

  async #unlock() {
    const Context = features.AudioContext();
    if (this.ready || !Context) return;
    if (!this.#context) {
      this.#context = new Context();
      // A phone call interrupts the sound again.
      this.#context.onstatechange = () => this.#changed();
    }
    await this.#context.resume();
    this.#changed();
  }

  /** @param {AudioContext} context @param {number} start @param {number} frequency @param {number} length */
  #note(context, start, frequency, length) {
    const at = context.currentTime + start;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.5, at + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.001, at + length);
    const tone = new OscillatorNode(context, { type: 'triangle', frequency });
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}
