// The one function that says whether somebody may do something. Every operation of the API asks it before it runs, with what it is about.

import { type Actor, type Extent, type Role, roles, type Subject } from './actor.ts'
import { type Reach, type Right, rights } from './rights.ts'

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

export function allowed(actor: Actor, right: Right, subject: Subject, nowMs: number): Allowed {
  const reach = rights[right][actor.role]
  if (reach === 'none') {
    return sees(actor, subject)
      ? no({ name: 'no-right', right, role: actor.role })
      : { kind: 'unseen' }
  }
  if (!reaches(actor, reach, subject)) {
    return sees(actor, subject)
      ? no({ name: 'no-right', right, role: actor.role })
      : { kind: 'unseen' }
  }
  if (actor.scopes !== null && !actor.scopes.includes(right)) {
    return no({ name: 'no-scope', right })
  }
  const isSelf = subject.kind === 'account' && subject.accountId === actor.accountId
  if (subject.kind === 'account' && !isSelf && changes(right) && outranks(subject.role, actor.role))
    return no({ name: 'more-rights', role: subject.role })
  const { stepUp }: { readonly stepUp?: 'always' | 'not-self' } = rights[right]
  const needsFactor = stepUp === 'always' || (stepUp === 'not-self' && !isSelf)
  if (needsFactor && actor.via === 'cookie' && !isFresh(actor, nowMs)) {
    return no({ name: 'step-up', withinMs: STEP_UP_MS })
  }
  return { kind: 'yes' }
}

/** What a list may hold; undefined: nothing. */
export function extentOf(actor: Actor, right: Right): Extent | undefined {
  if (actor.scopes !== null && !actor.scopes.includes(right)) return undefined
  switch (rights[right][actor.role]) {
    case 'all':
      return { kind: 'all' }
    case 'domains':
      return { kind: 'domains', domains: actor.domains }
    case 'self':
      return actor.accountId === null
        ? { kind: 'all' }
        : { kind: 'self', accountId: actor.accountId }
    case 'none':
      return undefined
  }
}

const no = (rule: Rule): Allowed => ({ kind: 'no', rule })

const changes = (right: Right) => !right.endsWith('.read')

const outranks = (one: Role, other: Role) => roles.indexOf(one) < roles.indexOf(other)

const isFresh = ({ steppedUpMs }: Actor, nowMs: number) =>
  steppedUpMs !== null && nowMs - steppedUpMs < STEP_UP_MS

function reaches(actor: Actor, reach: Reach, subject: Subject): boolean {
  if (reach === 'all' || subject.kind === 'list') return true
  if (reach === 'none' || subject.kind === 'system') return false
  if (reach === 'self') return isOwn(actor, subject)
  switch (subject.kind) {
    case 'domain':
    case 'account':
      return actor.domains.includes(subject.domain) || isOwn(actor, subject)
    case 'message':
      return subject.domains.some((domain) => actor.domains.includes(domain))
  }
}

function isOwn({ accountId }: Actor, subject: Subject): boolean {
  if (accountId === null) return false
  if (subject.kind === 'account') return subject.accountId === accountId
  return subject.kind === 'message' && subject.accountIds.includes(accountId)
}

/** Whether who acts may know that it is there. */
function sees(actor: Actor, subject: Subject): boolean {
  return reaches(actor, rights['directory.read'][actor.role], subject)
}
