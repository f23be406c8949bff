import { errorWords } from '../languages/language.js';
import { toast } from '../shared/toasts.js';
import { linkTo } from './page_state.js';

/**
 * In a browser that keeps nothing, an order's own page cannot know the visit it was placed in. It is opened as one that
 * was shared, by a token in its address.
 *
 * @param {Element} root where links to orders stand @param {any} api the diner's
 */
export function openAsShared(root, api) {
  root.addEventListener('click', async (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="/orders/"]') : null;
    const id = link?.getAttribute('href')?.split('/').at(-1);
    if (!id) return;
    event.preventDefault();
    try {
      const { token } = await api.post(`/api/v1/orders/${id}/share`);
      location.assign(linkTo(location.origin, id, token));
    } catch (error) {
      toast(errorWords(/** @type {any} */ (error)), { bad: true });
    }
  });
}
