// What people read in the messages that scripts make of themselves: refusals to senders, and notices to the owner of a script. Each in
// English and German, as notices of delivery are.

import type { Language } from '#shared/mail/dsn/notice-text.ts'

export type ScriptWords = {
  readonly refused: {
    readonly subject: string
    /** Before the reason, and behind it. */
    readonly opening: (owner: string) => string
    readonly closing: (returned: 'full' | 'headers' | null) => string
  }
  readonly failed: {
    readonly subject: (script: string) => string
    readonly opening: (facts: FailureFacts) => readonly string[]
    readonly closing: (facts: FailureFacts) => readonly string[]
  }
}

export type FailureFacts = {
  /** As its owner calls it; null for the administrator's. */
  readonly script: string | null
  /** Null where no line of it is to blame. */
  readonly line: number | null
  readonly where: 'delivery' | 'mailbox'
  /** Who wrote the message, as it says. */
  readonly from: string
  readonly subject: string
  readonly postmaster: string
}

const english: ScriptWords = {
  refused: {
    subject: 'Message refused',
    opening: (owner) =>
      `Your message was refused by the mail filter of <${owner}>, for this reason:`,
    closing: (returned) =>
      `The recipient has not read it. This notice was written by a program.${
        returned === null
          ? ''
          : returned === 'full'
            ? ' Your message is attached.'
            : ' The header of your message is attached.'
      }`,
  },
  failed: {
    subject: (script) => `Your mail filter "${script}" failed`,
    opening: ({ script, line, where, from, subject }) => [
      where === 'delivery'
        ? `${nameOf(script)} could not be run to its end for a message that just arrived. Nothing that it wanted was done; the message is in your inbox.`
        : `${nameOf(script)} could not be run to its end for what happened to a message in one of your mailboxes. Nothing that it wanted was done; the message is where it was.`,
      `The message was from ${from === '' ? '(nobody)' : from}, with the subject "${subject}".`,
      line === null ? 'What went wrong:' : `What went wrong, at line ${line} of it:`,
    ],
    closing: ({ script, where, postmaster }) => [
      script === null
        ? `Please tell ${postmaster}: only whoever runs this system can change it.`
        : `Please look at that place of your filter and change it. Until then messages like this one are not sorted, and stay ${where === 'delivery' ? 'in your inbox' : 'where they are'}.`,
      'Of further failures nothing is said for a day. This notice was written by the mail system itself.',
    ],
  },
}

const german: ScriptWords = {
  refused: {
    subject: 'Nachricht abgelehnt',
    opening: (owner) =>
      `Ihre Nachricht wurde vom Mailfilter von <${owner}> abgelehnt. Als Grund ist angegeben:`,
    closing: (returned) =>
      `Der Empfänger hat sie nicht gelesen. Diesen Hinweis hat ein Programm geschrieben.${
        returned === null
          ? ''
          : returned === 'full'
            ? ' Ihre Nachricht ist angehängt.'
            : ' Der Kopf Ihrer Nachricht ist angehängt.'
      }`,
  },
  failed: {
    subject: (script) => `Ihr Mailfilter "${script}" ist gescheitert`,
    opening: ({ script, line, where, from, subject }) => [
      where === 'delivery'
        ? `${germanNameOf(script)} konnte für eine eben eingetroffene Nachricht nicht bis zum Ende ausgeführt werden. Nichts von dem, was er wollte, ist geschehen; die Nachricht liegt im Posteingang.`
        : `${germanNameOf(script)} konnte nicht bis zum Ende ausgeführt werden, als sich in einem Ihrer Ordner etwas an einer Nachricht änderte. Nichts von dem, was er wollte, ist geschehen; die Nachricht ist, wo sie war.`,
      `Die Nachricht kam von ${from === '' ? '(niemandem)' : from} und hat den Betreff „${subject}“.`,
      line === null ? 'Woran es lag:' : `Woran es lag, in Zeile ${line}:`,
    ],
    closing: ({ script, where, postmaster }) => [
      script === null
        ? `Bitte sagen Sie ${postmaster} Bescheid: Nur wer dieses System betreibt, kann ihn ändern.`
        : `Bitte sehen Sie sich diese Stelle Ihres Filters an und ändern Sie sie. Bis dahin werden Nachrichten wie diese nicht einsortiert und bleiben ${where === 'delivery' ? 'im Posteingang' : 'an ihrem Ort'}.`,
      'Über weitere Fehler wird einen Tag lang nichts gemeldet. Diesen Hinweis hat das Mailsystem selbst geschrieben.',
    ],
  },
}

const nameOf = (script: string | null) =>
  script === null ? 'A mail filter of your provider' : `Your mail filter "${script}"`
const germanNameOf = (script: string | null) =>
  script === null ? 'Ein Mailfilter Ihres Anbieters' : `Ihr Mailfilter „${script}“`

export const scriptWords: { readonly [language in Language]: ScriptWords } = {
  en: english,
  de: german,
}
