import { find } from '../views/dom.js';
import { askToSignIn } from '../views/sign_in.js';
import { keepLocal, recallLocal } from '../views/storage.js';
import { StaffDesk } from './staff_desk.js';
import { forgetSession, openSession, signIn, signOut } from './staff_session.js';

const THEME = 'staff.theme';

showTheme(recallLocal(THEME, ''));
const why = recallLocal('staff.why');
keepLocal('staff.why', undefined);
const session = openSession() ?? await askToSignIn(signIn, why);
keepLocal('staff.slug', session.restaurant.slug);
find('#desk').hidden = false;
const ended = await new StaffDesk(session, { theme: () => recallLocal(THEME, ''), setTheme }).run();
if (ended === 'signed-out') await signOut();
else {
  forgetSession();
  keepLocal('staff.why', 'Your session has ended. Sign in again.');
}
// A fresh page is the surest way to leave nothing of the last person behind; it shows the sign-in form.
location.reload();

/** @param {string} theme `light`, `dark`, or empty for the device's own */
function setTheme(theme) {
  keepLocal(THEME, theme);
  showTheme(theme);
}

/** @param {string} theme */
function showTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}
