/** A background page gets no animation frames; it is drawn after this many ms. */
const UNSEEN_MS = 100;

/**
 * Merges all redraws that are requested before the next animation frame.
 *
 * @param {() => void} draw called once with the next frame, or after a delay while the page is hidden, since a hidden page must
 * still ring
 * @returns {() => void} requests a redraw
 */
export function redrawing(draw) {
  let due = false;
  const once = () => {
    if (!due) return;
    due = false;
    draw();
  };
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(once);
    setTimeout(once, UNSEEN_MS);
  };
}
