import { beat, find } from '../shared/dom.js';
import { keepCopy } from '../shared/page_copy.js';
import { askToSignIn } from '../shared/sign_in.js';
import { forgetSession, openSession, signIn, signOut } from '../shared/staff_session.js';
import { keepLocal, recallLocal, whenForgetful } from '../shared/storage.js';
import { showTheme } from '../shared/theme.js';
import { notice } from '../shared/toasts.js';
import { ManageDesk } from './screen.js';

beat();
showTheme();
whenForgetful(() => notice('This browser keeps nothing for this page: its storage is blocked or full. '
  + 'If you reload, you have to sign in again.'));
const why = recallLocal('staff.why');
keepLocal('staff.why', undefined);
const kept = openSession();
// A member of staff who comes from the staff page is asked to sign in as a manager.
const session = kept?.role === 'manager' || kept?.setup ? kept : await askToSignIn('manage', signIn, kept ? 'This page is for managers. Sign in as a manager.' : why);
keepLocal('staff.slug', session.restaurant.slug);
find('#desk').hidden = false;
keepCopy('manage');
const ended = await new ManageDesk(session).run();
if (ended === 'signed-out') await signOut();
else {
  forgetSession();
  keepLocal('staff.why', 'Your session has ended. Sign in again.');
}
// A reload removes everything of the last person from the page and shows the sign-in form.
location.reload();
