// What does not come over from WorkMail, each with the reason and with what there is for it here.

import type { NoteKind } from '../configurations/plan.ts'
import type { Organization } from './organization.ts'

type Tell = (kind: NoteKind, about: string, reason: string) => void

export function leftBehind(organization: Organization, note: Tell): void {
  const { retention, accessRules, gaps, isInteroperable } = organization
  for (const { question, of, why } of gaps) {
    note(
      'to-do',
      of ?? question,
      `${question} was not answered (${why}); what it tells is missing here`,
    )
  }
  if (isInteroperable) {
    note(
      'to-do',
      'interoperability',
      'mail of users elsewhere went to another Exchange; add aliases to it',
    )
  }
  for (const { folder, action, days } of retention) {
    if (action === 'NONE' || days === null) continue
    const what = action === 'PERMANENTLY_DELETE' ? 'deleted' : 'moved to the trash'
    note(
      'not-supported',
      `retention of ${folder}`,
      `mail was ${what} after ${days} days; here it stays`,
    )
  }
  for (const { name, effect, conditions } of accessRules) {
    // What WorkMail has from the beginning.
    if (effect === 'ALLOW' && conditions.length === 0) continue
    const rule = [effect, ...conditions].join('; ')
    note(
      'not-supported',
      `access rule ${name}`,
      `${rule}: no login here is bound to a network or a protocol`,
    )
  }
  for (const [kind, about, reason] of untold) note(kind, about, reason)
}

/** What the API does not tell. */
const untold: readonly (readonly [NoteKind, about: string, reason: string])[] = [
  ['to-do', 'passwords', 'nobody can read them: send one-time links (postwolke account invite)'],
  [
    'to-do',
    'mail flow rule: drop, bounce',
    'becomes an entry of an access table (postwolke access), or header checks',
  ],
  [
    'to-do',
    'mail flow rule: junk, never junk',
    'becomes an entry of an access table, or a site script of Sieve (sieve.md)',
  ],
  ['to-do', 'mail flow rule: SMTP gateway', 'becomes relayhost, or an entry of transportMaps'],
  ['to-do', 'mail flow rule: Lambda', 'becomes a program behind the webhook (webhook.md)'],
  ['to-do', 'journaling', 'becomes alwaysBcc, senderBccMaps or recipientBccMaps'],
  [
    'to-do',
    'inbox rules',
    'are rules in the console or a Sieve script, which their owner writes anew',
  ],
  [
    'to-do',
    'out-of-office replies',
    'their owner writes them anew; whoever was answered there is answered once more',
  ],
  [
    'not-supported',
    'contacts, tasks, notes',
    'no export of WorkMail has them; Outlook saves them as files',
  ],
  [
    'not-supported',
    'calendars',
    'their items come in the export as files, and are not put into mailboxes',
  ],
  [
    'not-supported',
    'rights in single folders',
    'their owner gives them anew (SETACL, postwolke acl)',
  ],
  [
    'not-supported',
    'devices, signatures, personal access tokens',
    'are set up anew on each device',
  ],
]
