/** Pictures of dishes that a manager has uploaded, as the menu names them. */

/** @typedef {{id: string, width: number, height: number, alt?: string}} Picture */

/** The widths of the stored files. A narrower picture is stored in its own width (docs/protocol.md). */
const WIDTHS = [160, 480, 960];

/**
 * @param {string} restaurant its id @param {Picture} picture
 * @returns {{width: number, address: string}[]} its files, narrowest first
 */
export function filesOf(restaurant, { id, width: largest }) {
  const widths = [...WIDTHS.filter((width) => width < largest), largest];
  return widths.map((width) => ({ width, address: `/api/v1/restaurants/${restaurant}/pictures/${id}/${width}` }));
}

/**
 * @param {string} restaurant its id @param {Picture} picture @param {string} sizes how wide it is shown, as for an `img`
 * @returns {Record<string, any>} attributes of an `img`, so that the browser loads the file that fits the screen
 */
export function pictureAttributes(restaurant, picture, sizes) {
  const files = filesOf(restaurant, picture);
  return {
    src: (files[1] ?? files[0]).address,
    srcset: files.map(({ width, address }) => `${address} ${width}w`).join(', '),
    sizes,
    width: picture.width,
    height: picture.height,
    alt: picture.alt ?? '',
  };
}
