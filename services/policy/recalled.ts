// Lists for whoever decides again what was decided: what hangs on what was counted, asked or stored at that hour is not asked again but
// says what it said then.

import type { RecordedStep } from '#shared/contracts/decisions.ts'
import type { PolicyStage } from '#shared/contracts/policy.ts'
import { parsePolicyService } from '#shared/settings/restrictions/policy-service.ts'
import {
  type Decision,
  dunno,
  type PolicyLists,
  type Restriction,
  type RestrictionList,
} from './restriction.ts'

/** By the first word of their names. Whoever stands in an administrator's list is missed where it was not asked then. */
const missed: ReadonlySet<string> = new Set([
  'check_policy_service',
  'permit_pop_before_smtp',
  'reject_unverified_recipient',
  'reject_unverified_sender',
])
/** These are not: what they look at is soon over, and they say nothing mostly. */
const passing: ReadonlySet<string> = new Set([
  'reject_compromised_account',
  'reject_ended_account',
  'reject_over_quota',
  'reject_over_sending_limit',
  'sleep',
])

export type StageSteps = readonly {
  readonly stage: PolicyStage
  readonly steps: readonly RecordedStep[]
}[]

export interface RecalledSteps {
  /** For the next decision. */
  prepare(trail: StageSteps): void
  /** Lists that recall. */
  lists(inner: PolicyLists): PolicyLists
  /** Restrictions that were asked now and not then. */
  missing(): readonly string[]
}

export function recallSteps(): RecalledSteps {
  let said: ReadonlyMap<string, Decision> = new Map()
  const missing = new Set<string>()

  function recalled<R extends Restriction<never>>(one: R): R {
    const { name } = one
    const word = name.split(' ', 1)[0] ?? ''
    const isRecalled = passing.has(word) || (missed.has(word) && !isWeighing(name))
    if (!isRecalled) {
      return {
        ...one,
        async decide(facts: never) {
          const decision = await one.decide(facts)
          if (decision.kind !== 'list') return decision
          return { ...decision, restrictions: decision.restrictions.map(recalled) }
        },
      }
    }
    return {
      ...one,
      decide() {
        const decision = said.get(name)
        if (decision === undefined && missed.has(word)) missing.add(name)
        return decision ?? dunno
      },
    }
  }

  return {
    prepare(trail) {
      said = new Map(trail.flatMap(({ steps }) => decisionsOf(steps)))
      missing.clear()
    },
    lists({ firm, of }) {
      const listeners = new Map<string, ReturnType<PolicyLists['of']>>()
      const stagesOf: PolicyLists['of'] = (listener) => {
        const known = listeners.get(listener)
        if (known !== undefined) return known
        const stages = of(listener)
        const wrapped = {
          connect: stages.connect.map(recalled),
          helo: stages.helo.map(recalled),
          sender: stages.sender.map(recalled),
          relay: stages.relay.map(recalled),
          recipient: stages.recipient.map(recalled),
          data: stages.data.map(recalled),
          message: stages.message.map(recalled),
        }
        listeners.set(listener, wrapped)
        return wrapped
      }
      return {
        firm: {
          sender: firm.sender.map(recalled),
          beforeRecipient: firm.beforeRecipient.map(recalled),
          afterRecipient: firm.afterRecipient.map(recalled),
          message: firm.message.map(recalled),
        },
        of: stagesOf,
      }
    },
    missing: () => [...missing],
  }
}

/** policyd-weight asks the DNS and nobody else. */
function isWeighing(name: string): boolean {
  const [word, ...argument] = name.split(' ')
  if (word !== 'check_policy_service') return false
  const service = parsePolicyService(argument.join(' '))
  return service.kind === 'within' && service.name === 'policyd-weight'
}

/** By name; a list with what it held. */
function decisionsOf(steps: readonly RecordedStep[]): [string, Decision][] {
  return steps.map(({ restriction, decision, depth = 0 }, at) => {
    if (decision.kind !== 'list') return [restriction, decision]
    return [restriction, { kind: 'list', restrictions: heldBy(steps.slice(at + 1), depth + 1) }]
  })
}

/** Those that stand at this depth before one that stands higher. */
function heldBy(steps: readonly RecordedStep[], depth: number): RestrictionList {
  const end = steps.findIndex((step) => (step.depth ?? 0) < depth)
  const inner = end < 0 ? steps : steps.slice(0, end)
  return inner.flatMap(({ restriction: name, decision, depth: at }, i) => {
    if (at !== depth) return []
    const said: Decision =
      decision.kind === 'list'
        ? { kind: 'list', restrictions: heldBy(inner.slice(i + 1), depth + 1) }
        : decision
    return [{ name, decide: () => said }]
  })
}
