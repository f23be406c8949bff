import { beat, find } from '../shared/dom.js';
import { askToSignIn } from '../shared/sign_in.js';
import { forgetSession, keepShared, openSession, signIn, signOut } from '../shared/staff_session.js';
import { keepLocal, recallLocal, whenForgetful } from '../shared/storage.js';
import { setTheme, showTheme, theme } from '../shared/theme.js';
import { notice } from '../shared/toasts.js';
import { StaffDesk } from './screen.js';
import { askToShare } from './shared_device.js';

beat();
showTheme();
whenForgetful(() => notice('This browser keeps nothing for this page: its storage is blocked or full. '
  + 'If you reload, you have to sign in again.'));
const why = recallLocal('staff.why');
keepLocal('staff.why', undefined);
const session = openSession() ?? await Promise.race([askToSignIn('staff', signIn, why), askToShare().then(keepShared)]);
keepLocal('staff.slug', session.restaurant.slug);
find('#desk').hidden = false;
const ended = await new StaffDesk(session, { theme, setTheme }).run();
if (ended === 'signed-out') await signOut();
else {
  forgetSession();
  keepLocal('staff.why', 'Your session has ended. Sign in again.');
}
// A reload removes everything of the last person from the page and shows the sign-in form.
location.reload();
