import { describe, expect, it } from 'vitest'
import type { Actor, Role, Subject } from '#shared/administration/rights/actor.ts'
import { allowed, extentOf, mayEver, STEP_UP_MS } from '#shared/administration/rights/allowed.ts'
import type { Right } from '#shared/administration/rights/rights.ts'
import { roles } from '#shared/administration/rights/roles.ts'
import { parseAccountId } from '#shared/directory/account-id.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { must } from '#test/support/must.ts'

const domain = (text: string): Domain => must(parseDomain(text))
const ours = domain('ours.test')
const other = domain('other.test')
const nowMs = 1_000_000_000

const actor = (role: Role, more: Partial<Actor> = {}): Actor => ({
  accountId: must(parseAccountId('me')),
  name: 'me@ours.test',
  role,
  domains: role === 'domain-admin' || role === 'help-desk' ? [ours] : [],
  scopes: null,
  via: 'cookie',
  steppedUpMs: nowMs,
  ...more,
})

const account = (
  role: Role = 'holder',
  roleDomains: readonly Domain[] = [],
  of: Domain = ours,
): Subject => ({
  kind: 'account',
  accountId: must(parseAccountId('them')),
  domain: of,
  role,
  roleDomains,
})
const self: Subject = { ...account(), accountId: must(parseAccountId('me')) } as Subject

function answer(who: Actor, right: Right, subject: Subject): string {
  const found = allowed(who, right, subject, nowMs)
  return found.kind === 'no' ? found.rule.name : found.kind
}

describe('nobody acts on somebody with more rights', () => {
  it.each<[Role, readonly Domain[], Role, string]>([
    ['owner', [], 'owner', 'yes'],
    ['owner', [], 'domain-admin', 'more-rights'],
    ['auditor', [], 'owner', 'yes'],
    // Who could set an auditor's password could see all.
    ['auditor', [], 'domain-admin', 'more-rights'],
    ['domain-admin', [ours], 'domain-admin', 'yes'],
    ['domain-admin', [ours, other], 'domain-admin', 'more-rights'],
    ['help-desk', [ours], 'domain-admin', 'yes'],
    ['help-desk', [ours, other], 'domain-admin', 'more-rights'],
    ['holder', [], 'domain-admin', 'yes'],
  ])('%s of %j, by %s: %s', (theirs, domains, mine, expected) => {
    expect(answer(actor(mine), 'credentials.reset', account(theirs, domains))).toBe(expected)
  })

  it.each<[Role, string]>([
    ['holder', 'yes'],
    ['help-desk', 'more-rights'],
    ['domain-admin', 'more-rights'],
    ['owner', 'more-rights'],
  ])('the help desk invites people without a role only: %s, %s', (theirs, expected) => {
    expect(answer(actor('help-desk'), 'credentials.invite', account(theirs, [ours]))).toBe(expected)
  })

  it('may look at them all the same', () => {
    expect(answer(actor('domain-admin'), 'directory.read', account('owner'))).toBe('yes')
  })
})

describe('what is out of sight', () => {
  it('is as if it were not there', () => {
    for (const role of ['domain-admin', 'help-desk', 'holder'] as const) {
      expect(answer(actor(role), 'directory.read', account('holder', [], other))).toBe('unseen')
    }
  })

  it('is refused before anybody looks where no object could make a difference', () => {
    const token = actor('owner', { scopes: ['queue.read'] })
    expect(mayEver(token, 'directory.read')).toMatchObject({ rule: { name: 'no-scope' } })
    expect(mayEver(actor('help-desk'), 'directory.write')).toMatchObject({
      rule: { name: 'no-right' },
    })
  })

  it('is nothing of the system, of which there is no secret that it exists', () => {
    expect(answer(actor('domain-admin'), 'settings.read', { kind: 'system' })).toBe('no-right')
  })
})

describe('with its own account everybody may what a holder may', () => {
  it.each(roles)('%s', (role) => {
    for (const right of ['self.write', 'mail.export', 'logins.end'] as const) {
      expect(answer(actor(role), right, self)).toBe('yes')
    }
    expect(extentOf(actor(role), 'quarantine.read')).not.toBeUndefined()
    // A stolen cookie neither locks its owner out nor leaves a way in.
    for (const right of ['credentials.reset', 'self.secrets'] as const) {
      expect(answer(actor(role, { steppedUpMs: null }), right, self)).toBe('step-up')
    }
  })
})

describe('a domain administrator', () => {
  const message = (senderDomain: Domain | null): Subject => ({
    kind: 'message',
    senderDomain,
    domains: [ours, other],
    accountIds: [],
  })
  it('acts on what his own senders sent, and on nothing that only comes to them', () => {
    expect(answer(actor('domain-admin'), 'queue.act', message(ours))).toBe('yes')
    expect(answer(actor('domain-admin'), 'queue.act', message(other))).toBe('no-right')
    expect(answer(actor('domain-admin'), 'queue.act', message(null))).toBe('no-right')
    expect(answer(actor('domain-admin'), 'queue.read', message(other))).toBe('yes')
  })
  it('of no domain is responsible for nothing', () => {
    expect(answer(actor('domain-admin', { domains: [] }), 'directory.read', account())).toBe(
      'unseen',
    )
    expect(extentOf(actor('domain-admin', { domains: [] }), 'queue.read')).toBeUndefined()
  })
})

describe('step-up', () => {
  const dangerous = (more: Partial<Actor>) =>
    answer(actor('owner', more), 'settings.write', { kind: 'system' })
  it('is a factor used within the last five minutes', () => {
    expect(dangerous({ steppedUpMs: nowMs - STEP_UP_MS + 1 })).toBe('yes')
    expect(dangerous({ steppedUpMs: nowMs - STEP_UP_MS })).toBe('step-up')
    expect(dangerous({ steppedUpMs: null })).toBe('step-up')
    expect(dangerous({ steppedUpMs: null, via: 'token' })).toBe('yes')
  })
})
