/** A page in the background gets no animation frame; it is drawn after this many ms instead. */
const UNSEEN_MS = 100;

/**
 * Merges all redraws that are asked for before the next animation frame.
 *
 * @param {() => void} draw called once with the next frame where there is one: a hidden page still has to ring
 * @returns {() => void} asks for it
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
