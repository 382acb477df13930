// The one function that says whether somebody may do something. Every operation of the API asks it before it runs, with what it is about.
//
// Implementation notes: what can be refused without looking at anything is refused first (`mayEver`), so that the answer is the same
// whatever is asked about. After that what is out of sight is as if it did not exist; then comes who has more rights, then step-up.

import type { Actor, Extent, Role, Subject } from './actor.ts'
import { allRights, type Reach, type Right, rights } from './rights.ts'

export type Allowed =
  | { readonly kind: 'yes' }
  /** It is out of sight: the answer is the same as if it did not exist. */
  | { readonly kind: 'unseen' }
  /** In sight, and not allowed. */
  | { readonly kind: 'no'; readonly rule: Rule }

export type Rule =
  | { readonly name: 'no-right'; readonly right: Right; readonly role: Role }
  | { readonly name: 'no-scope'; readonly right: Right }
  /** What it is about has more rights than who acts. */
  | { readonly name: 'more-rights'; readonly role: Role }
  | { readonly name: 'step-up'; readonly withinMs: number }

/** How long a factor counts for what is dangerous. */
export const STEP_UP_MS = 5 * 60_000

/** The same for all that it could be about: asked before anything is looked up. */
export function mayEver(actor: Actor, right: Right): Allowed {
  if (actor.scopes !== null && !actor.scopes.includes(right)) {
    return no({ name: 'no-scope', right })
  }
  const isReached = reachOf(actor, right) !== 'none' || isOwnRight(right)
  return isReached ? yes : no({ name: 'no-right', right, role: actor.role })
}

export function allowed(actor: Actor, right: Right, subject: Subject, nowMs: number): Allowed {
  const ever = mayEver(actor, right)
  if (ever.kind !== 'yes') return ever
  if (!reaches(actor, right, subject)) {
    return sees(actor, subject)
      ? no({ name: 'no-right', right, role: actor.role })
      : { kind: 'unseen' }
  }
  const isSelf = subject.kind === 'account' && isOwn(actor, subject)
  if (subject.kind === 'account' && !isSelf && changes(right) && !covers(actor, subject)) {
    return no({ name: 'more-rights', role: subject.role })
  }
  const { stepUp }: { readonly stepUp?: 'always' | 'not-self' } = rights[right]
  const needsFactor = stepUp === 'always' || (stepUp === 'not-self' && !isSelf)
  if (needsFactor && actor.via === 'cookie' && !isFresh(actor, nowMs)) {
    return no({ name: 'step-up', withinMs: STEP_UP_MS })
  }
  return yes
}

/** What a list may hold; undefined: nothing. */
export function extentOf(actor: Actor, right: Right): Extent | undefined {
  if (mayEver(actor, right).kind !== 'yes') return undefined
  const reach = reachOf(actor, right)
  if (reach === 'all') return { kind: 'all' }
  if (reach === 'domains') return { kind: 'domains', domains: actor.domains }
  return actor.accountId === null ? { kind: 'all' } : { kind: 'self', accountId: actor.accountId }
}

const yes: Allowed = { kind: 'yes' }
const no = (rule: Rule): Allowed => ({ kind: 'no', rule })

const changes = (right: Right) => !right.endsWith('.read')

/** Whether a factor was used just now. Not in a time to come, after the clock was set back: that would last until then. */
export const isFresh = ({ steppedUpMs }: Actor, nowMs: number) =>
  steppedUpMs !== null && Math.abs(nowMs - steppedUpMs) < STEP_UP_MS

function reachOf({ role, domains }: Actor, right: Right): Reach {
  const reach = rights[right][role]
  return reach === 'domains' && domains.length === 0 ? 'none' : reach
}

/** What everybody may with his own account, whatever his role. */
const isOwnRight = (right: Right) => rights[right].holder === 'self'

function reaches(actor: Actor, right: Right, subject: Subject): boolean {
  if (subject.kind === 'list') return true
  if (isOwnRight(right) && isOwn(actor, subject)) return true
  const reach = reachOf(actor, right)
  if (reach === 'all') return true
  if (reach === 'none' || subject.kind === 'system') return false
  if (reach === 'self') return isOwn(actor, subject)
  const has = (domain: string) => actor.domains.some((one) => one === domain)
  switch (subject.kind) {
    case 'domain':
    case 'account':
      return has(subject.domain)
    case 'message':
      // Whose mail is held or deleted is its sender's matter; nobody's in another domain.
      return right === 'queue.act'
        ? subject.senderDomain !== null && has(subject.senderDomain)
        : subject.domains.some(has)
  }
}

function isOwn({ accountId }: Actor, subject: Subject): boolean {
  if (accountId === null) return false
  if (subject.kind === 'account') return subject.accountId === accountId
  return subject.kind === 'message' && subject.accountIds.includes(accountId)
}

/** Whether who acts may know that it is there. That there is a system is no secret. */
function sees(actor: Actor, subject: Subject): boolean {
  return subject.kind === 'system' || reaches(actor, seeing(subject), subject)
}

const seeing = ({ kind }: Subject): Right => (kind === 'message' ? 'trace.read' : 'directory.read')

/**
 * Whether all that the account may, who acts may too: whoever gives somebody a new password can be that person. Of itself an account may
 * everything, which is nobody's to have more of.
 */
function covers(
  actor: Actor,
  { role, roleDomains }: Extract<Subject, { readonly kind: 'account' }>,
): boolean {
  if (role === 'holder') return true
  // The help desk acts for people without a role only.
  if (actor.role === 'help-desk') return false
  return allRights.every((right) => {
    const theirs = rights[right][role]
    const ours = rights[right][actor.role]
    if (theirs === 'none' || theirs === 'self' || ours === 'all') return true
    return (
      theirs === 'domains' &&
      ours === 'domains' &&
      roleDomains.every((domain) => actor.domains.includes(domain))
    )
  })
}
