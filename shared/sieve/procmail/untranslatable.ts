/** Something of a .procmailrc that has no like in Sieve, or that cannot be known from the file; the message says which. */
export class Untranslatable extends Error {}
