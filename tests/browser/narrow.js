// Finds what does not fit on a narrow page: elements that overflow the window, and words that are broken or cut off.
const found = [];
const root = document.querySelector('dialog[open]') ?? document.body;
const isHidden = (view) => {
  if (!view.checkVisibility({ visibilityProperty: true })) return true;
  for (let each = view; each; each = each.parentElement) if (getComputedStyle(each).clipPath !== 'none') return true;
  return false;
};
const scrolls = (view) => {
  for (let each = view; each && each !== document.body; each = each.parentElement) {
    if (['auto', 'scroll'].includes(getComputedStyle(each).overflowX) && each !== root) return true;
  }
  return false;
};
const nameOf = (view) => [view.localName, ...view.classList].join('.');
if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
if (root.scrollWidth > root.clientWidth + 1) found.push(`the sheet is ${root.scrollWidth} wide`);
for (const view of root.querySelectorAll('*')) {
  const { left, right, width } = view.getBoundingClientRect();
  if (width === 0 || isHidden(view) || scrolls(view)) continue;
  if (right > innerWidth + 1 || left < -1) found.push(`${nameOf(view)} sticks out: ${Math.round(left)} to ${Math.round(right)}`);
  const { overflowX, textOverflow } = getComputedStyle(view);
  if (overflowX === 'hidden' && textOverflow === 'ellipsis' && view.scrollWidth > view.clientWidth + 1) found.push(`${nameOf(view)} ends in an ellipsis`);
}
const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode;
  if (!text.parentElement || text.parentElement.closest('script, style, noscript') || isHidden(text.parentElement)) continue;
  // A line may end after these signs; longer words than this may break.
  for (const { 0: word, index } of text.data.matchAll(/[^\s\u200b\-–—/·]{2,20}/g)) {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const lines = new Set([...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top)));
    if (lines.size > 1) found.push(`${nameOf(text.parentElement)} breaks within “${word}”`);
  }
}
return [...new Set(found)];
