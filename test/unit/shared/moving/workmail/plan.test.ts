// What becomes of an organization here.

import { describe, expect, it } from 'vitest'
import { ALIAS_TARGETS_MAX } from '#shared/directory/aliases.ts'
import { itemsOf } from '#shared/moving/configurations/plan.ts'
import type { Group, Member, Organization, User } from '#shared/moving/workmail/organization.ts'
import { planWorkMail } from '#shared/moving/workmail/plan.ts'
import { readOrganization } from '#shared/moving/workmail/read-organization.ts'
import { answersIn } from '#shared/moving/workmail/saved-answers.ts'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { organization as stub } from '#test/support/aws/workmail-organization.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

async function stubPlan() {
  await using folder = await temporaryFolder()
  await saveAnswers(stub, folder.path)
  const read = await readOrganization(answersIn(folder.path))
  if (read.kind !== 'organization') throw new Error(read.why)
  return planWorkMail(read.organization)
}

const none: Organization = {
  ...{
    id: null,
    defaultDomain: null,
    isInteroperable: false,
    users: [],
    groups: [],
    resources: [],
  },
  ...{ retention: [], accessRules: [], gaps: [] },
  domains: [{ name: 'a.test', isDefault: true, isTest: false, records: [] }],
}
const entity = (id: string) => ({
  ...({
    id,
    name: id,
    email: `${id}@a.test`,
    state: 'ENABLED',
    aliases: [],
    permissions: [],
  } as const),
})
const user = (id: string, more: Partial<User> = {}): User => ({
  ...{ ...entity(id), role: 'USER', displayName: '', quotaMegabytes: null, sizeMegabytes: null },
  ...more,
})
const group = (id: string, members: readonly Member[], more: Partial<Group> = {}): Group => ({
  ...{ ...entity(id), members },
  ...more,
})
const person = (id: string): Member => ({ id, type: 'USER' })
const inner = (id: string): Member => ({ id, type: 'GROUP' })

const aliases = (plan: ReturnType<typeof planWorkMail>) =>
  Object.fromEntries(itemsOf(plan, 'alias').map(({ alias, targets }) => [alias, targets]))
const notesOf = (plan: ReturnType<typeof planWorkMail>, about: string) =>
  plan.notes.filter((note) => note.about === about).map(({ kind, reason }) => `${kind}: ${reason}`)

describe('a plan', () => {
  it('has the domains of people, and not the one that ends with WorkMail', async () => {
    const plan = await stubPlan()
    expect(itemsOf(plan, 'domain').map(({ domain }) => domain)).toEqual([
      'moving.test',
      'second.test',
    ])
    expect(notesOf(plan, 'moving.awsapps.com')).toEqual([expect.stringMatching(/^not-needed: /)])
  })

  it('has accounts without passwords, for whoever has a mailbox', async () => {
    const plan = await stubPlan()
    expect(itemsOf(plan, 'account').map(({ from: _, kind: _kind, ...one }) => one)).toEqual([
      { address: 'ann@moving.test', hash: null, quotaBytes: 51_200 * 1024 ** 2, enabled: true },
      { address: 'ben@moving.test', hash: null, quotaBytes: 100 * 1024 ** 2, enabled: true },
      // The first of its addresses that comes along.
      { address: 'cat@second.test', hash: null, quotaBytes: 51_200 * 1024 ** 2, enabled: true },
      { address: 'desk@moving.test', hash: null, quotaBytes: 51_200 * 1024 ** 2, enabled: true },
      { address: 'van@moving.test', hash: null, quotaBytes: null, enabled: true },
    ])
    expect(plan.profiles.get('ann@moving.test')).toEqual({
      ...{ displayName: 'Ann Ahrens', shared: false, workMailId: 'ann', megabytes: 1_234.5 },
    })
    expect(plan.profiles.get('desk@moving.test')?.shared).toBe(true)
  })

  it('says why somebody has no account', async () => {
    const plan = await stubPlan()
    expect(notesOf(plan, 'dan@moving.awsapps.com')).toEqual([
      expect.stringMatching(/^to-do: .*test domain/),
    ])
    expect(notesOf(plan, 'eve@moving.test')).toEqual([
      expect.stringMatching(/^to-do: it is disabled/),
    ])
    expect(notesOf(plan, 'finn@moving.test')).toEqual(['not-needed: it is deleted'])
    expect(notesOf(plan, 'gus')).toEqual([expect.stringMatching(/^not-needed: .*never/)])
    expect(notesOf(plan, 'hal@moving.test')).toEqual([
      expect.stringMatching(/^to-do: .*another Exchange/),
    ])
    // Nobody knows of it.
    expect(JSON.stringify(plan.notes)).not.toContain('WorkMailSystem')
  })

  it('warns of a quota that is less than what is there', async () => {
    expect(notesOf(await stubPlan(), 'ben@moving.test')).toEqual([
      expect.stringMatching(/^to-do: it holds 220 MB, more than its quota/),
    ])
  })

  it('has other addresses, groups and rooms as aliases', async () => {
    expect(aliases(await stubPlan())).toEqual({
      'a.ahrens@moving.test': ['ann@moving.test'],
      'ann@second.test': ['ann@moving.test'],
      'room@moving.test': ['ann@moving.test'],
      'meeting@moving.test': ['room@moving.test'],
      'sales@moving.test': ['ann@moving.test', 'ben@moving.test'],
      'vertrieb@moving.test': ['sales@moving.test'],
      // A group with an address stays one; one without is taken apart.
      'everyone@moving.test': ['sales@moving.test', 'ben@moving.test', 'cat@second.test'],
      'circle-a@moving.test': ['circle-b@moving.test', 'ann@moving.test'],
      'circle-b@moving.test': ['circle-a@moving.test', 'ben@moving.test'],
    })
  })

  it('says which members a group has no more, and which group nobody is in', async () => {
    const plan = await stubPlan()
    expect(notesOf(plan, 'sales@moving.test')).toContain(
      'differs: without its member eve@moving.test: it is disabled',
    )
    expect(notesOf(plan, 'everyone@moving.test')).toContain(
      'differs: without its member nobody-knows: WorkMail does not say who that is',
    )
    expect(notesOf(plan, 'empty@moving.test')).toEqual([expect.stringMatching(/^to-do: nobody/)])
    expect(notesOf(plan, 'off@moving.test')).toEqual([
      expect.stringMatching(/^not-needed: it is disabled/),
    ])
  })

  it('gives rights in folders for FULL_ACCESS, and senders for SEND_AS, to people', async () => {
    const plan = await stubPlan()
    expect(plan.grants).toEqual([
      { address: 'desk@moving.test', grantee: 'ann@moving.test', rights: 'lrswipkxte' },
      { address: 'desk@moving.test', grantee: 'ben@moving.test', rights: 'lrswipkxte' },
    ])
    expect(itemsOf(plan, 'setting').map(({ path, text }) => ({ path, text }))).toEqual([
      {
        path: 'smtpdSenderLoginMaps',
        text: 'ann@moving.test=ben@moving.test, desk@moving.test=ann@moving.test, desk@moving.test=ben@moving.test, sales@moving.test=cat@second.test',
      },
    ])
  })

  it('tells what the API does not, and what there is no place for', async () => {
    const plan = await stubPlan()
    for (const about of ['passwords', 'calendars', 'inbox rules', 'mail flow rule: Lambda']) {
      expect(notesOf(plan, about)).toHaveLength(1)
    }
    expect(notesOf(plan, 'retention of DELETED_ITEMS')).toEqual([
      expect.stringContaining('30 days'),
    ])
    expect(notesOf(plan, 'access rule office')).toEqual([
      expect.stringContaining('NotIpRanges 192.0.2.0/24'),
    ])
    expect(notesOf(plan, 'access rule Default')).toEqual([])
  })

  it('has an address once, and says so', () => {
    const plan = planWorkMail({
      ...none,
      users: [user('x'), user('y', { aliases: ['X@a.test'] })],
    })
    expect(aliases(plan)).toEqual({})
    expect(notesOf(plan, 'x@a.test')).toEqual([expect.stringMatching(/^faulty: two/)])
  })

  it('divides a group that has more members than an alias may have', () => {
    const people = Array.from({ length: ALIAS_TARGETS_MAX + 1 }, (_, i) => `p${i}`)
    const users = people.map((id) => user(id))
    const at = planWorkMail({ ...none, users, groups: [group('g', people.slice(1).map(person))] })
    expect(aliases(at)['g@a.test']).toHaveLength(ALIAS_TARGETS_MAX)
    const beyond = aliases(
      planWorkMail({ ...none, users, groups: [group('g', people.map(person))] }),
    )
    expect(beyond['g@a.test']).toEqual(['g-part-1@a.test', 'g-part-2@a.test'])
    expect(beyond['g-part-1@a.test']).toHaveLength(ALIAS_TARGETS_MAX)
    expect(beyond['g-part-2@a.test']).toEqual([`p${ALIAS_TARGETS_MAX}@a.test`])
  })

  it('opens groups without addresses that hold each other, once each', () => {
    const hidden = { email: null }
    const groups = Array.from({ length: 60 }, (_, i) =>
      // Each holds the next two: as a tree these would be more than can be counted.
      group(`g${i}`, [inner(`g${i + 1}`), inner(`g${i + 2}`), inner('g0')], i === 0 ? {} : hidden),
    )
    const last = group('g60', [person('p')], hidden)
    const plan = planWorkMail({ ...none, users: [user('p')], groups: [...groups, last] })
    expect(aliases(plan)['g0@a.test']).toEqual(['p@a.test', 'g0@a.test'])
  })

  it('says of a sender that the setting cannot spell', () => {
    const odd = user('odd', {
      email: '"a b"@a.test',
      permissions: [{ id: 'p', type: 'USER', words: ['SEND_AS'] }],
    })
    const plan = planWorkMail({ ...none, users: [user('p'), odd] })
    expect(itemsOf(plan, 'setting')).toEqual([])
    expect(notesOf(plan, '"a b"@a.test')).toEqual([
      expect.stringMatching(/^to-do: p@a.test may send/),
    ])
  })
})
