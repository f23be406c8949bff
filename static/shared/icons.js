/** Line icons, drawn on a 24 by 24 grid for this project. */
const PATHS = {
  alert: 'M12 3 2 20h20L12 3Z M12 10v4 M12 17v.5',
  bag: 'M5 8h14l1 13H4L5 8Z M9 11V6a3 3 0 0 1 6 0v5',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4l2-2Z M10 21h4',
  bellOff: 'M6 16V11a6 6 0 0 1 1-3.3 M10 5.4A6 6 0 0 1 18 11v4 M20 18H4l2-2 M10 21h4 M3 3l18 18',
  bolt: 'M13 2 4 14h6l-1 8 9-12h-6l1-8Z',
  chart: 'M4 20V4 M4 20h16 M8 20v-6 M13 20V9 M18 20V12',
  check: 'M4 12.5 9.5 18 20 6.5',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z M12 7v5l3.5 2',
  close: 'M5 5l14 14 M19 5 5 19',
  flame: 'M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3.5 2-4.5 0 2 1 2.5 1.5 2.5C12 10 10.5 6 12 3Z',
  down: 'M12 5v14 M6 13l6 6 6-6',
  edit: 'M4 20h4L20 8l-4-4L4 16v4Z M14 6l4 4',
  full: 'M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5',
  gear: 'M4 7h10 M18 7h2 M4 12h2 M10 12h10 M4 17h8 M16 17h4 M16 5v4 M8 10v4 M14 15v4',
  hand: 'M8 12V6a1.5 1.5 0 0 1 3 0v5 M11 11V4.5a1.5 1.5 0 0 1 3 0V11 M14 11V6a1.5 1.5 0 0 1 3 0v8a7 7 0 0 1-7 7c-3 0-4-2-6-5.5-1-2 1-3 2-2l2 2',
  hourglass: 'M7 3h10 M7 21h10 M8 3v4l4 5-4 5v4 M16 3v4l-4 5 4 5v4',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z M11 12 20 3 M16 7l3 3',
  left: 'M15 5l-7 7 7 7',
  list: 'M9 6h11 M9 12h11 M9 18h11 M4 6h.5 M4 12h.5 M4 18h.5',
  moon: 'M19 14.5A8 8 0 0 1 9.5 5 8 8 0 1 0 19 14.5Z',
  offline: 'M3 9a14 14 0 0 1 5-3 M12 5.5A14 14 0 0 1 21 9 M6.5 13a9 9 0 0 1 3-2 M15 11.200a9 9 0 0 1 2.5 1.800 M12 18v.5 M3 3l18 18',
  out: 'M14 4h5v16h-5 M10 8l-4 4 4 4 M6 12h9',
  pause: 'M8 5v14 M16 5v14',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z M4 21a8 8 0 0 1 16 0',
  play: 'M7 5l12 7-12 7V5Z',
  plus: 'M12 5v14 M5 12h14',
  print: 'M7 8V3h10v5 M7 17H4V9h16v8h-3 M7 14h10v7H7Z',
  right: 'M9 5l7 7-7 7',
  screen: 'M3 5h18v11H3z M9 20h6 M12 16v4',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M15.5 15.5 21 21',
  share: 'M12 15V3 M8 7l4-4 4 4 M5 12v8h14v-8',
  table: 'M3 9h18 M5 9v11 M19 9v11 M3 9l3-4h12l3 4',
  tray: 'M4 17a8 8 0 0 1 16 0Z M12 9V7 M2 20h20',
  trash: 'M4 7h16 M9 7V4h6v3 M6 7l1 13h10l1-13 M10 11v5 M14 11v5',
  undo: 'M8 5 3 10l5 5 M3 10h11a6 6 0 0 1 0 12h-3',
  truck: 'M2 6h12v10H2Z M14 10h4l4 3v3h-8 M5 16a2 2 0 1 0 4 0 M15 16a2 2 0 1 0 4 0',
  up: 'M12 19V5 M6 11l6-6 6 6',
  water: 'M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11Z',
};

/** The icon beside the name of a service. @type {Record<string, keyof typeof PATHS>} */
export const SERVICE_ICONS = { takeaway: 'bag', delivery: 'truck' };

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {keyof typeof PATHS} name
 * @returns {SVGElement} decorative: the control that holds it has the words
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
