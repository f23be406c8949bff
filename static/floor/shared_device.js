import { find } from '../shared/dom.js';
import { pairScreen } from '../shared/pairing.js';

/** Shows the button that pairs this device for several people. @returns {Promise<any>} the token answer */
export function askToShare() {
  const button = find('#share-device');
  button.hidden = false;
  return new Promise((resolve) => {
    button.addEventListener('click', async () => {
      find('#sign-in').hidden = true;
      const section = find('#pairing');
      section.hidden = false;
      const answer = await pairScreen(find('#pairing-body'), '', { page: 'staff', what: 'Choose “Floor, for several people”, and enter this code and a name', then: 'The orders' });
      section.hidden = true;
      document.documentElement.dataset.connection = 'connecting';
      resolve(answer);
    }, { once: true });
  });
}
