// All filters that listeners ask (smtpd_milters): their part in dialogues, and a step of the content stage for each.

import type { ContentStep } from '#shared/contracts/content.ts'
import type { DialogueFilters } from '#shared/contracts/milter.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { Conversation } from './conversation.ts'
import { Dialogue } from './dialogue.ts'
import type { MacroFacts } from './macros.ts'
import { Milter, type MilterOptions } from './milter.ts'
import { milterStep } from './step.ts'

export type Milters = {
  readonly filters: DialogueFilters
  readonly steps: readonly ContentStep[]
}

export function createMilters(deps: {
  readonly milters: readonly MilterOptions[]
  readonly facts: MacroFacts
  /** Of a client's address, confirmed; undefined where it has none, or none that is found soon. */
  readonly nameOf: (address: string) => Promise<string | undefined>
  readonly bodyBytesMax: number
  readonly clock: Clock
  readonly log: Log
}): Milters {
  const { facts, nameOf, bodyBytesMax, clock, log } = deps
  const milters = deps.milters.map((options) => new Milter(options, clock))
  const dialogues = new WeakMap<object, Dialogue>()
  return {
    filters: {
      open(session) {
        const conversations = milters.map((milter) => new Conversation(milter, log))
        const dialogue = new Dialogue(conversations, { facts, nameOf })
        dialogues.set(session, dialogue)
        return dialogue
      },
    },
    steps: milters.map((milter) =>
      milterStep(milter, { dialogueOf: (session) => dialogues.get(session), bodyBytesMax }),
    ),
  }
}
