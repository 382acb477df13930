// One filter as a step of the content stage: what it said during the dialogue of the message, then the message told to it.

import {
  acceptContent,
  type ContentFacts,
  type ContentMessage,
  type ContentStep,
  type ContentStepJudge,
  type StepVerdict,
} from '#shared/contracts/content.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { defaultReply } from './answers.ts'
import type { Conversation } from './conversation.ts'
import type { Dialogue } from './dialogue.ts'
import { tellMessage } from './message.ts'
import type { Milter } from './milter.ts'
import { MilterFailure } from './packet.ts'

export function milterStep(
  milter: Milter,
  deps: {
    readonly dialogueOf: (session: object) => Dialogue | undefined
    /** Of a body that a filter gives in place of the message's. */
    readonly bodyBytesMax: number
  },
): ContentStep {
  return {
    name: `milter ${milter.options.name}`,
    begin({ session }: ContentFacts): ContentStepJudge | undefined {
      const dialogue = deps.dialogueOf(session)
      const conversation = dialogue?.conversations.find((one) => one.milter === milter)
      if (dialogue === undefined || conversation === undefined) return undefined
      return {
        judge: (message) => judge(conversation, message, dialogue, deps.bodyBytesMax),
        abandon: () => conversation.abort(),
      }
    },
  }
}

const LEFT = 'the client left before a milter had judged its message'

async function judge(
  conversation: Conversation,
  message: ContentMessage,
  { macros }: Dialogue,
  bodyBytesMax: number,
): Promise<StepVerdict> {
  if (conversation.isGivenUp) throw new TemporaryFailure(LEFT)
  if (conversation.isDiscarded) {
    conversation.abort()
    return { kind: 'discard', found: 'discarded before the message' }
  }
  if (conversation.failure !== undefined) return withoutIt(conversation, conversation.failure)
  if (!conversation.isInMessage) {
    conversation.abort()
    return acceptContent
  }
  try {
    return await tellMessage(conversation, message, { macros, bodyBytesMax })
  } catch (error) {
    if (conversation.isGivenUp) throw new TemporaryFailure(LEFT, { cause: error })
    if (!(error instanceof MilterFailure)) {
      // The message fails; the filter is to forget it.
      conversation.abort()
      throw error
    }
    conversation.fail(error)
    return withoutIt(conversation, error.message)
  }
}

function withoutIt({ milter }: Conversation, reason: string): StepVerdict {
  const { defaultAction, name } = milter.options
  const found = `failed: ${reason}`
  const reply = defaultReply(defaultAction)
  if (reply !== undefined) return { kind: 'reject', reply, found }
  if (defaultAction === 'quarantine') {
    return { kind: 'accept', found, hold: `milter ${name} failed: ${reason}` }
  }
  return { kind: 'accept', found }
}
