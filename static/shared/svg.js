const SVG = 'http://www.w3.org/2000/svg';

/**
 * Returns an SVG element, as `h` returns an HTML element.
 *
 * @param {string} tag `rect`, `text.plot__value`
 * @param {Record<string, any>} [attributes]
 * @param {...any} children
 * @returns {SVGElement}
 */
export function s(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElementNS(SVG, name);
  if (classes.length > 0) element.setAttribute('class', classes.join(' '));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  for (const child of children.flat(Infinity)) element.append(child instanceof Node ? child : String(child));
  return element;
}
