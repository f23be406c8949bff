/**
 * The texts of notifications in all languages. The service worker loads this file when it is installed, since it runs without a
 * page and cannot load modules later.
 *
 * @typedef {{title: string, body: string}} Said
 * @typedef {(number: string, time?: string, service?: string) => Said} Say number and time are in the language's own digits;
 * `service` is given for takeaway and delivery
 * @typedef {{locale: string, clock: Intl.DateTimeFormatOptions, told: Record<string, Say>, other: Say}} Words
 *   `dayPeriod` in `clock` puts the part of the day before the hour
 * @type {Record<string, Words>}
 */
const NOTIFICATIONS = {
  en: {
    locale: 'en-GB',
    clock: { hour: 'numeric', minute: '2-digit' },
    told: {
      accepted: (number, time) => ({ title: `Order ${number} is accepted`, body: time ? `Ready at about ${time}.` : 'The restaurant has taken it.' }),
      ready: (number, _, service) => ({ title: `Order ${number} is ready`, body: { takeaway: 'Take away: pick it up at the counter.', delivery: 'Delivery: it is packed and will be delivered to you.' }[service ?? ''] ?? 'Enjoy your meal!' }),
      cancelled: (number) => ({ title: `Order ${number} is cancelled`, body: 'It will not be made. Touch to see why.' }),
      rejected: (number) => ({ title: `Order ${number} was not accepted`, body: 'The restaurant could not take it. Touch to see why.' }),
      voided: (number) => ({ title: `Order ${number}: something was taken off`, body: 'The total has changed. Touch to see what, and why.' }),
    },
    other: () => ({ title: 'Your order has changed', body: 'Touch to see it.' }),
  },
  bn: {
    locale: 'bn-BD',
    clock: { hour: 'numeric', minute: '2-digit', dayPeriod: 'short' },
    told: {
      accepted: (number, time) => ({ title: `অর্ডার ${number} নেওয়া হয়েছে`, body: time ? `তৈরি হবে মোটামুটি ${time}।` : 'রেস্তোরাঁ অর্ডারটি নিয়েছে।' }),
      ready: (number, _, service) => ({ title: `অর্ডার ${number} তৈরি`, body: { takeaway: 'পার্সেল: কাউন্টার থেকে নিয়ে নিন।', delivery: 'ডেলিভারি: প্যাক করা হয়েছে, আপনার কাছে পাঠানো হবে।' }[service ?? ''] ?? 'খাবার উপভোগ করুন!' }),
      cancelled: (number) => ({ title: `অর্ডার ${number} বাতিল হয়েছে`, body: 'এটি আর তৈরি হবে না। কারণ দেখতে চাপুন।' }),
      rejected: (number) => ({ title: `অর্ডার ${number} নেওয়া যায়নি`, body: 'রেস্তোরাঁ এটি নিতে পারেনি। কারণ দেখতে চাপুন।' }),
      voided: (number) => ({ title: `অর্ডার ${number}: কিছু বাদ দেওয়া হয়েছে`, body: 'মোট টাকা বদলে গেছে। কী এবং কেন, দেখতে চাপুন।' }),
    },
    other: () => ({ title: 'আপনার অর্ডারে নতুন খবর আছে', body: 'দেখতে চাপুন।' }),
  },
};
