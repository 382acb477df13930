// The table of who may what. One row a right, one column a role; `allowed.ts` reads it, nothing else decides. Roles hang on accounts: with
// its own account everybody may what the column `holder` says, besides what his role says.

import type { Role } from './roles.ts'

/** How far a right of a role goes: everywhere, in the domains given to it, for its own account, or not at all. */
export type Reach = 'all' | 'domains' | 'self' | 'none'

type Row = { readonly [role in Role]: Reach } & {
  /** A factor must have been used within the last five minutes; 'not-self': unless it is about the actor's own account. */
  readonly stepUp?: 'always' | 'not-self'
}

const row = (
  owner: Reach,
  domainAdmin: Reach,
  auditor: Reach,
  helpDesk: Reach,
  holder: Reach,
  stepUp?: Row['stepUp'],
): Row => ({
  owner,
  'domain-admin': domainAdmin,
  auditor,
  'help-desk': helpDesk,
  holder,
  ...(stepUp && { stepUp }),
})

// biome-ignore format: a table is read by columns
export const rights = {
  //                          owner   domain-admin auditor  help-desk  holder
  /** Domains, accounts, aliases, grants as they are; no secrets. */
  'directory.read':      row('all',  'domains',   'all',   'domains', 'self'),
  /** Accounts and aliases made, changed, removed. */
  'directory.write':     row('all',  'domains',   'none',  'none',    'none'),
  'domains.write':       row('all',  'none',      'none',  'none',    'none'),
  /** Another password, or no factors any more. */
  'credentials.reset':   row('all',  'domains',   'none',  'none',    'self', 'always'),
  /** The end of logins, sessions and app passwords. Of one's own that must not wait for a factor. */
  'logins.end':          row('all',  'domains',   'none',  'none',    'self', 'not-self'),
  /** Another try for a login that too many failures hold back. */
  'logins.release':      row('all',  'domains',   'none',  'domains', 'none'),
  /** A one-time link with which the account itself sets a new password. */
  'credentials.invite':  row('all',  'domains',   'none',  'domains', 'none'),
  'accounts.contain':    row('all',  'domains',   'none',  'domains', 'none', 'always'),
  'self.read':           row('self', 'self',      'self',  'self',    'self'),
  /** What an account changes of its own: forwarding, app passwords, filters. */
  'self.write':          row('self', 'self',      'self',  'self',    'self'),
  /** What lets somebody in as this account: its tokens, app passwords, second factors. */
  'self.secrets':        row('self', 'self',      'self',  'self',    'self', 'always'),
  /** The text of Sieve scripts, which may tell of what is in somebody's mail. */
  'scripts.read':        row('all',  'domains',   'none',  'none',    'self'),
  'scripts.write':       row('all',  'domains',   'none',  'none',    'self'),
  'logins.read':         row('all',  'domains',   'all',   'domains', 'self'),
  'trace.read':          row('all',  'domains',   'all',   'domains', 'self'),
  'quarantine.read':     row('all',  'domains',   'none',  'none',    'self'),
  'quarantine.release':  row('all',  'domains',   'none',  'none',    'self'),
  'queue.read':          row('all',  'domains',   'all',   'domains', 'none'),
  /** Of a domain administrator: what its own senders have sent, held or deleted. */
  'queue.act':           row('all',  'domains',   'none',  'none',    'none'),
  /** Released, or tried again now. */
  'queue.send':          row('all',  'none',      'none',  'none',    'none'),
  /** What others wrote, where the setting `operatorsReadMail` lets anybody read it. */
  'queue.content':       row('all',  'none',      'none',  'none',    'none', 'always'),
  'policy.read':         row('all',  'domains',   'all',   'domains', 'none'),
  'policy.write':        row('all',  'none',      'none',  'none',    'none'),
  'keys.write':          row('all',  'domains',   'none',  'none',    'none'),
  'settings.read':       row('all',  'none',      'all',   'none',    'none'),
  'settings.write':      row('all',  'none',      'none',  'none',    'none', 'always'),
  'roles.read':          row('all',  'none',      'all',   'none',    'none'),
  'roles.write':         row('all',  'none',      'none',  'none',    'none', 'always'),
  /** Tokens of all. */
  'tokens.read':         row('all',  'none',      'all',   'none',    'none'),
  'tokens.revoke':       row('all',  'self',      'self',  'self',    'self', 'not-self'),
  /** Health, certificates, listeners, jobs, figures. */
  'service.read':        row('all',  'none',      'all',   'none',    'none'),
  'service.act':         row('all',  'none',      'none',  'none',    'none'),
  /** How far jobs are, and what they made, which may be more than who reads it sees: of others only who sees all. */
  'jobs.read':           row('all',  'self',      'all',   'self',    'self'),
  'jobs.run':            row('all',  'domains',   'none',  'none',    'none'),
  /** All mail of an account as files, begun and fetched: who finds a browser signed in is not to take a mailbox along. */
  'mail.takeout':        row('all',  'none',      'none',  'none',    'self', 'always'),
  /** Everybody's mail out of the system: by giving rights in it. What takeouts there are. */
  'mail.export':         row('all',  'none',      'none',  'none',    'self', 'not-self'),
  'audit.verify':        row('all',  'none',      'all',   'none',    'none'),
  'audit.read':          row('all',  'domains',   'all',   'self',    'self'),
} as const satisfies { readonly [right: string]: Row }

export type Right = keyof typeof rights

export const allRights: readonly Right[] = Object.keys(rights).filter(isRight)

export function isRight(text: string): text is Right {
  return Object.hasOwn(rights, text)
}
