/**
 * Which notes are about an allergy. The contract has no field for it, guests write it into a note, and a cook must
 * not have to look for it. In doubt it is one: a false alarm costs a glance.
 */
const SAYS_SO = /allerg|anaphyl|epi-?pen|intoleran|c(?:o)?eliac|lactose|অ্যালার্জি|এলার্জি/iu;
const ALLERGEN = 'nuts?|peanuts?|almonds?|cashews?|dairy|milk|gluten|wheat|eggs?|soya?|shellfish|prawns?|shrimps?|fish|sesame|mustard';
const WITHOUT = new RegExp(`\\b(?:no|without|free of)\\s+(?:any\\s+)?(?:${ALLERGEN})\\b|\\b(?:${ALLERGEN})[ -]free\\b`, 'iu');

/** @param {string | undefined} note */
export function isAllergy(note) {
  return note !== undefined && (SAYS_SO.test(note) || WITHOUT.test(note));
}
