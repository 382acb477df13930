import { expect, it } from 'vitest'
import { evaluate } from '#services/policy/evaluate.ts'
import { recallSteps } from '#services/policy/recalled.ts'
import { recordOf } from '#services/policy/records/recorder.ts'
import type { Decision, Restriction } from '#services/policy/restriction.ts'
import { decidedRecipient } from '#test/support/decisions.ts'
import { known, policyLists } from '#test/support/policy-facts.ts'

const greylisting = 'check_policy_service postgrey'
const server = 'check_policy_service inet:127.0.0.1:10023'
const reply = { code: 450, status: '4.2.0', text: 'later' } as const
const later: Decision = { kind: 'defer-if-permit', reply }
const field: Decision = { kind: 'prepend', fields: 'X-A: 1\r\n' }

/** A restriction that must not be asked. */
const unasked = (name: string): Restriction => ({
  name,
  decide: () => {
    throw new Error(`${name} is asked`)
  },
})
const saying = (name: string, decision: Decision): Restriction => ({ name, decide: () => decision })

/** Decided again by a list, once it was decided by another. */
async function again(before: readonly Restriction[], now: readonly Restriction[]) {
  const { trail } = await evaluate(before, known())
  const decided = { ...decidedRecipient(), trail: [{ stage: 'recipient', steps: trail }] } as const
  const steps = recallSteps()
  const lists = steps.lists(policyLists({ recipient: now }))
  steps.prepare(recordOf(decided, 0).trail)
  const evaluated = await evaluate(lists.of('smtp').recipient, known())
  return { ...evaluated, missing: steps.missing() }
}

it('says of greylisting, of policy servers and of what was counted what they said then', async () => {
  const before = [
    saying('reject_over_quota', { kind: 'dunno' }),
    saying('permit_pop_before_smtp', { kind: 'dunno' }),
    saying(greylisting, later),
  ]
  const found = await again(
    before,
    before.map(({ name }) => unasked(name)),
  )
  expect(found).toMatchObject({ deferIfPermit: { reply, restriction: greylisting }, missing: [] })
})

it('says all that one said who had a list of answers', async () => {
  const inner = [saying('inner', field), saying('deeper', later)]
  const classy: Decision = { kind: 'list', restrictions: inner }
  const outer: Decision = {
    kind: 'list',
    restrictions: [saying('class', classy), saying('a', field)],
  }
  const before = [saying(server, outer), saying('after', { kind: 'prepend', fields: 'X-B: 2\r\n' })]
  const found = await again(before, [unasked(server)])
  expect(found.effects.prepend).toBe('X-A: 1\r\nX-A: 1\r\n')
  expect(found.deferIfPermit).toEqual({ reply, restriction: 'deeper' })
  expect(found.trail.map(({ restriction, depth = 0 }) => `${depth} ${restriction}`)).toEqual([
    `0 ${server}`,
    '1 class',
    '2 inner',
    '2 deeper',
    '1 a',
  ])
})

it('does not know what was not asked then, within other lists either', async () => {
  const classy: Decision = { kind: 'list', restrictions: [unasked(server)] }
  const now = [unasked('sleep 5'), unasked(greylisting), saying('class', classy)]
  const { verdict, missing } = await again([], now)
  expect(verdict).toEqual({ kind: 'permit' })
  expect(missing).toEqual([greylisting, server])
})

it('asks again what hangs on the DNS, weighing too', async () => {
  const now = [
    saying('check_policy_service policyd-weight', field),
    saying('reject_rbl_client a.test', field),
  ]
  const { effects, missing } = await again(
    now.map(({ name }) => saying(name, later)),
    now,
  )
  expect(effects.prepend).toBe('X-A: 1\r\nX-A: 1\r\n')
  expect(missing).toEqual([])
})
