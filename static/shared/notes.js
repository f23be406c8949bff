/**
 * Recognizes notes about an allergy for which the guest has not ticked the box. The guest's page then asks, and the kitchen
 * shows "Allergy?". A doubtful note counts as one, since a false alarm costs only a tap or a glance. A plain "no milk" is a
 * wish, as in tea. `tests/client/fixtures/allergy_phrases.json` has phrases with the right answers.
 */

/**
 * Returns a text with one spelling for each letter: without accents and Arabic vowel signs, and with one form of each Bengali
 * letter that can be written in two ways. @param {string} text
 */
function plain(text) {
  return text.normalize('NFD').replace(/[\u0300-\u036f\u064b-\u0655\u0640\u200c\u200d]/gu, '').replace(/[’‘\u0060]/gu, '\'').toLowerCase();
}

/** @param {TemplateStringsArray} parts @param {...string} words */
function pattern(parts, ...words) {
  return new RegExp(plain(String.raw({ raw: parts.raw }, ...words)).replaceAll('\\p{l}', '\\p{L}'), 'gu');
}

const EN = 'nuts?|pea-?nuts?|ground-?nuts?|walnuts?|hazelnuts?|almonds?|cashews?|pistachios?|pecans?|macadamias?|dairy|gluten|wheat|eggs?|soya?|soybeans?|shell-?fish|sea-?food|crustaceans?|molluscs?|mussels?|prawns?|shrimps?|crabs?|lobsters?|fish|sesame|mustard|celery|lupin|sul(?:ph|f)ites?|casein|lactose';
const ES = 'gluten|lactosa|lacteos?|frutos secos|nuez|nueces|cacahuetes?|cacahuates?|manis?|almendras?|avellanas?|anacardos?|pistachos?|mariscos?|gambas?|camaron(?:es)?|langostinos?|pescado|huevos?|soja|soya|trigo|sesamo|ajonjoli|mostaza|apio';
const AR = 'مكسرات|سوداني|لوز|كاجو|جوز|بندق|فستق|سمسم|[جغ]لوتين|قمح|بيض|البان|لاكتوز|سمك|جمبري|روبيان|قريدس|محار|قشريات|صويا|خردل';
const BN = 'বাদাম|কাজু|আখরোট|পেস্তা|চিংড়ি|কাঁকড়া|ডিম|গ্লুটেন|গ্লুটিন|গম|সয়া|তিল|সরিষা|সর্ষে|মাছ|ল্যাকটোজ|দুগ্ধজাত|শেলফিশ';
/** Bengali in Latin letters. */
const BN_LATIN = 'badam|kaju|akhrot|pest?ta|chin?gri|kakra|dim|gom|sh?[ou]ya|til|sh?orisha|sh?orshe|ma+c?chh?|gluten';
const BN_ALLERGY = '(?:অ্যা|এ|আ)লা?র্?জ[িী]';

/** Correct spellings. A word that differs from one of them by at most two letters counts as a misspelling. */
const SPELLINGS = ['allergy', 'allergies', 'allergic', 'alergia', 'elarji'];
const MISTAKES = 2;
const MAYBE_MISSPELT = /\b(?!allerg|alergi)[ae](?=[a-z]*[rgj])[a-z]{4,9}\b/gu;

/** Phrases that deny an allergy. */
const DENIED = [
  pattern`\b(?:no|not|without|don'?t have|do not have|zero|(?:none|neither) of (?:us|them)(?: \w+)?|no(?:body| ?one)(?: here)?(?: is| has))\s+(?:any\s+|known\s+|food\s+|an?\s+)*(?:all?erg(?:y|ies|ic)|intoleran(?:t|ces?))\b(?:\s+to\s+\w+)?`,
  pattern`\ball?erg(?:y|ies)\s*[:?-]?\s*(?:none|no|nil|n\/a)\b(?!\s+\w)`,
  pattern`\b(?:sin|ningun[ao]?|no (?:tengo|tiene|tenemos|hay|soy))\s+(?:ningun[ao]?\s+)?alergi\w*(?:\s+a\s+\w+)?`,
  pattern`(?:لا|ليس|ليست|ما|بدون)\s*(?:يوجد|توجد|عندي|لدي|لدينا|عندنا)?\s*(?:اي\s*)?حساسي[ةه]`,
  pattern`${BN_ALLERGY}\s*(?:নেই|নাই|নয়)`,
  pattern`(?:कोई|किसी)[^।.,]{0,15}एलर्जी\s*नहीं|(?:没有?|無|无|不)[^，。,.]{0,4}(?:过敏|過敏)`,
];

/** Phrases that revoke a denial before them in the same sentence: "no allergies except peanuts". */
const EXCEPTION = new RegExp(pattern`^[^.!?।]{0,40}?(?:\b(?:except\w*|apart from|aside from|other than|besides|unless|excluding|excepto|salvo|menos|aparte)\b|ما ?عدا|باستثناء|الا|বাদে|ছাড়া|सिवाय|除了)|^[^.!?।]{0,40}?(?:\b(?:but|only|just|pero|solo)\b|لكن|فقط|শুধু|কেবল|তবে|কিন্তু)(?:[^.!?।]*(?:\b(?:${EN}|${ES})\b|${AR}|${BN})|\s+\p{L}+\s*$)`.source, 'u');

const SIGNS = [
  // Names an allergy.
  pattern`allerg|аллерг|alerji|एलर्जी|过敏|過敏|アレルギー|알레르기|anaphyl|epi-?pen|intoleran|coeliac|celiac|lactose|g6pd|\bhives\b|life.threatening|\basthma`,
  pattern`alergi|anafila|حساسي|ايبيبين|${BN_ALLERGY}|এপিপেন|ল্যাকটোজ`,
  // Asks to leave something out.
  pattern`\b(?:no|non|without|w\/o|avoid|free (?:of|from)|zero|hold|skip|omit|leave (?:out|off)|remove|minus|(?:don'?t|do not|never) (?:add|put|use|include|give me)|nothing with|away from|careful with)\s+(?:any\s+|the\s+|a\s+|added\s+|traces? of\s+|tree\s+|\w+\s+(?:or|and)\s+|\w+,\s+)*(?:${EN})\b`,
  pattern`\b(?:${EN}|milk)[ -]free\b`,
  pattern`\b(?:sin|ni|nada de|evitar|eviten?|libre de|sans|senza|ohne|sem|no (?:poner|ponga[ns]?|lleve|incluir|usar|anadir))\s+(?:\w+\s+(?:ni|y|o)\s+|\w+\s+)?(?:${ES}|glutine)\b`,
  pattern`(?:بدون|بلا|من غير|ممنوع|خالي من|لا تضع\p{L}*|لا تضيف\p{L}*|لا ا?[اآ]?كل|لا استطيع|لا يمكنني|لا اتحمل|ما اقدر|ما اكل)[^.،؛]{0,25}(?:${AR})`,
  pattern`(?:${BN})[^।,.;]{0,25}(?:দেবেন না|দিবেন না|দিয়েন না|দেবে না|দিও না|দিয়ো না|দিবা না|ছাড়া|বাদ|চলবে না|চলে না|পারি না|পারে না|পারব না|খাই না|খায় না|নিষেধ|নিষিদ্ধ|যেন না|মুক্ত|না দিলে|না থাকে|একদম না|থাকলে)`,
  pattern`\b(?:${BN_LATIN}|${EN})(?:e|er|ta|gulo)?\b[^.;,]{0,25}?\b(?:d[ei][a-z]{0,4}\s+na|chh?ara|chh?ada|bad\s+d[ei]\w*|khai\s+na|khete\s+pari\s+na|cholbe\s+na|(?:sh?om[ou]sh?[sy]h?a|problem)\s+ho[iy]e?)\b`,
  pattern`(?:কোনো|কোন|no)\s+(?:${BN})(?:\s+\p{L}+)?\s*(?:না|নয়|please|প্লিজ)`,
  // Cannot eat something, for a reason other than taste or faith.
  pattern`\b(?:can't|cant|cannot|can not|must not|mustn't|may not|not allowed(?: to)?|unable to|should not|shouldn't|am not supposed to)\s+(?:have|eat|take|tolerate|digest|touch|consume)\b(?![^.;]*\b(?:spicy|spices?|hot|chill?is?|chillies|pork|beef|meat|alcohol|much|lot|all|more|too|wait)\b)`,
  pattern`\bno (?:puedo|puede|podemos|debo|debe) (?:comer|tomar|tener|probar)\b(?![^.;]*\b(?:picante|cerdo|carne|alcohol|mucho)\b)`,
  pattern`(?:দুধ|দই|পনির|মাখন|ছানা|${BN})[^।,.;]{0,15}(?:খেতে পারি না|খেতে পারে না|সহ্য হয় না|সহ্য করতে|হজম হয় না)`,
  // Describes harm.
  pattern`\b(?:makes?|made|get(?:s|ting)?|gives?|gave)\s+(?:me|him|her|us|them|my \w+|our \w+|the \w+)\s+(?:\w+\s+){0,2}(?:ill|sick|chok\w+|swell|swollen|itch\w*|vomit|throw up|rash(?:es)?|faint|wheez\w*|reactions?)\b`,
  pattern`\b(?:(?:bad|severe|strong|serious) reactions?|reacts? (?:badly|strongly|to)|sensitiv\w+ to (?!spic|heat|hot|chill?i)|deadly|lethal|(?:could|can|will|might|would) (?:kill|die)|kills? me|throat (?:closes|swells)|swells? up|end up in hospital|(?:can'?t|cannot|stop(?:s|ped)?) breath(?:e|ing)|deathly)|\b(?:${EN})\b[^.;]{0,20}\b(?:hospital|ambulance|die|dead|death)\b`,
  pattern`\bme (?:sientan?|caen?|ponen?) (?:muy )?(?:mal|enferm\w+)|\bme (?:enferman?|hinchan?|ahogan?|ahogo|hincho)\b`,
  pattern`(?:يمرضني|تمرضني|يخنقني|تخنقني|(?:ي|ت)سبب لي|اختنق|مميت)`,
  pattern`(?:খেলে|লাগলে|থাকলে|খেলেই)[^।.;]{0,25}(?:অসুস্থ|শ্বাস|বমি|চুলকা|ফুলে|দম|সমস্যা|শরীর খারাপ|মারা|মর[েব]|মৃত্যু|হাসপাতাল)|শ্বাসকষ্ট|গলা ফুলে`,
  pattern`(?:${BN})[^।,.;]{0,25}(?:সমস্যা|অসুবিধা)(?!\s*(?:নেই|নাই|নয়|না(?!\p{l})|হবে না|হয় না))`,
  // Asks about an ingredient.
  pattern`\b(?:contains?|any|traces? of|made with|cooked (?:in|with)|is there|are there|does (?:it|this) have|has it)\s+(?:\w+\s+){0,2}(?:${EN})\b[^.!]*\?`,
];

/** Corrects misspelt words for an allergy. @param {string} text */
function spelled(text) {
  return text.replace(MAYBE_MISSPELT, (word) => (SPELLINGS.some((right) => isNear(word, right)) ? 'allergy' : word));
}

/** Whether two words differ by at most `MISTAKES` added, missing or changed letters. @param {string} word @param {string} right */
function isNear(word, right) {
  if (Math.abs(word.length - right.length) > MISTAKES) return false;
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [line, letter] of [...word].entries()) {
    const next = [line + 1];
    for (let at = 0; at < right.length; at += 1) {
      next.push(Math.min(row[at + 1] + 1, next[at] + 1, row[at] + Number(letter !== right[at])));
    }
    row = next;
  }
  return row[right.length] <= MISTAKES;
}

/** @param {string | undefined} note */
export function isAllergy(note) {
  if (!note) return false;
  const undenied = DENIED.reduce((text, denied) => text.replace(denied, (words, ...rest) => {
    const after = text.slice(/** @type {number} */ (rest.at(-2)) + words.length);
    return EXCEPTION.test(after) ? words : ' . ';
  }), spelled(plain(note)));
  return SIGNS.some((sign) => undenied.search(sign) >= 0);
}

/**
 * @param {{note?: string, allergy?: boolean}} said a dish of an order, or the order itself
 * @returns {'' | 'Allergy' | 'Allergy?'} declared by the guest, or guessed from the words; both are shown equally large
 */
export function allergyWord({ note, allergy }) {
  if (allergy) return 'Allergy';
  return isAllergy(note) ? 'Allergy?' : '';
}

/**
 * Returns one word for several notes: a declared allergy takes precedence over a guess.
 * @param {{note?: string, allergy?: boolean}[]} said @returns {'' | 'Allergy' | 'Allergy?'}
 */
export function loudestAllergy(said) {
  const words = said.map(allergyWord);
  return words.find((word) => word === 'Allergy') ?? words.find(Boolean) ?? '';
}

/** Returns the word for an order and all its dishes, including those of other stations, which share pans. @param {any} order */
export function orderAllergyWord(order) {
  return loudestAllergy([order, ...Object.values(order.items)]);
}
