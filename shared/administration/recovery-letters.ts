// What is written to whoever set a recovery address, forgot a password, or has a mailbox that is being taken out. Nothing that a stranger typed stands in it.

import type { Letter } from '#shared/contracts/letters.ts'

export type RecoveryLetter =
  | { readonly kind: 'confirm'; readonly url: string; readonly expiresMs: number }
  | { readonly kind: 'forgotten'; readonly url: string; readonly expiresMs: number }
  | { readonly kind: 'changed' }
  | { readonly kind: 'used' }
  /** `isOwn`: by who has the account. */
  | { readonly kind: 'exported'; readonly isOwn: boolean }

export type LetterLanguage = 'en' | 'de'

/** Of several languages the text stands in each, and the subject in the first. */
export function recoveryLetter(
  letter: RecoveryLetter,
  { account, host }: { readonly account: string; readonly host: string },
  languages: readonly LetterLanguage[],
): Pick<Letter, 'subject' | 'text'> {
  const spoken = languages.length === 0 ? (['en'] as const) : languages
  const texts = spoken.map((language) => words[language](letter, account, host))
  return { subject: texts[0]?.[0] ?? '', text: texts.map(([, text]) => text).join('\n\n-- \n\n') }
}

type Words = (
  letter: RecoveryLetter,
  account: string,
  host: string,
) => readonly [subject: string, text: string]

const english: Words = (letter, account, host) => {
  switch (letter.kind) {
    case 'confirm':
      return [
        'Confirm this address',
        `Whoever has the mailbox ${account} at ${host} wants a link to be sent to this address, should its
password be forgotten. Open this to confirm it, before ${timeOf(letter.expiresMs)}:

${letter.url}

If this means nothing to you, do nothing: without it nothing more is sent here.`,
      ]
    case 'forgotten':
      return [
        'A new password',
        `Somebody asked for a new password for ${account} at ${host}. Open this to set one, once, before
${timeOf(letter.expiresMs)}:

${letter.url}

If that was not you, do nothing: the password stays as it is, and nobody is told this link but you.`,
      ]
    case 'changed':
      return [
        'The recovery address was changed',
        `The address to which ${account} at ${host} is sent a link for a forgotten password was changed or
removed just now. If that was not you, sign in, change your password, and tell whoever runs ${host}.`,
      ]
    case 'used':
      return [
        'The password was changed',
        `The password of ${account} at ${host} was set anew just now by a link that was sent to its recovery
address. If that was not you, tell whoever runs ${host}.`,
      ]
    case 'exported':
      return [
        'All of your mail is being exported',
        letter.isOwn
          ? `Somebody who has signed in as ${account} at ${host} began just now to export all mail of this mailbox.
If that was not you, delete the export (My mail), change your password, and tell whoever runs ${host}.`
          : `Whoever runs ${host} began just now to export all mail of ${account}. If you know nothing of it, ask why.`,
      ]
  }
}

const german: Words = (letter, account, host) => {
  switch (letter.kind) {
    case 'confirm':
      return [
        'Diese Adresse bestaetigen',
        `Wer das Postfach ${account} auf ${host} hat, möchte, dass an diese Adresse ein Link geschickt wird, falls
das Passwort vergessen wird. Öffnen Sie dies zum Bestätigen, vor ${timeOf(letter.expiresMs)}:

${letter.url}

Wenn Ihnen das nichts sagt, tun Sie nichts: Ohne Bestätigung kommt hier nichts weiter an.`,
      ]
    case 'forgotten':
      return [
        'Ein neues Passwort',
        `Jemand hat für ${account} auf ${host} ein neues Passwort verlangt. Öffnen Sie dies, um eines zu setzen,
einmal, vor ${timeOf(letter.expiresMs)}:

${letter.url}

Wenn Sie das nicht waren, tun Sie nichts: Das Passwort bleibt, wie es ist; diesen Link kennen nur Sie.`,
      ]
    case 'changed':
      return [
        'Die Adresse zur Wiederherstellung wurde geaendert',
        `Die Adresse, an die ${account} auf ${host} bei vergessenem Passwort einen Link bekommt, wurde eben geändert
oder entfernt. Wenn Sie das nicht waren, melden Sie sich an, ändern Sie Ihr Passwort und sagen Sie es denen,
die ${host} betreiben.`,
      ]
    case 'used':
      return [
        'Das Passwort wurde geaendert',
        `Das Passwort von ${account} auf ${host} wurde eben neu gesetzt, mit einem Link, der an die Adresse zur
Wiederherstellung ging. Wenn Sie das nicht waren, sagen Sie es denen, die ${host} betreiben.`,
      ]
    case 'exported':
      return [
        'Alle Ihre Mails werden exportiert',
        letter.isOwn
          ? `Jemand, der als ${account} auf ${host} angemeldet ist, hat eben begonnen, alle Mails dieses Postfachs zu
exportieren. Wenn Sie das nicht waren, löschen Sie den Export (Meine Mail), ändern Sie Ihr Passwort und sagen
Sie es denen, die ${host} betreiben.`
          : `Wer ${host} betreibt, hat eben begonnen, alle Mails von ${account} zu exportieren. Wenn Sie nichts davon
wissen, fragen Sie, warum.`,
      ]
  }
}

const words: { readonly [language in LetterLanguage]: Words } = { en: english, de: german }

const timeOf = (ms: number) =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.\d+Z$/, ' UTC')
