// Whom the doctor asks where nobody names another one.

/** Whose port 25 shows whether ours goes out. */
export const OUTBOUND_HOST = 'gmail-smtp-in.l.google.com'
export const TIME_SERVER = 'pool.ntp.org'
