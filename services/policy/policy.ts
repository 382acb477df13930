// policy: decides what listeners may take, by a list of restrictions for each stage (lists.ts). A failure to decide is a `451`,
// never a yes.
//
// Implementation notes: a listener asks once for each RCPT, and once at the end of a message. What connect, helo and sender find is found
// with the first recipient, and handed back with the next question (`Judged`), so that it is found once and scores once. Of a list that
// refuses nothing else counts: what a refused recipient's list wanted for the message is not for those who get it.

import type {
  EarlyRequest,
  EarlyStage,
  Policy,
  PolicyVerdict,
  SmtpReply,
} from '#shared/contracts/policy.ts'
import type { Directory, Reach } from '#shared/directory/directory.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Log } from '#shared/runtime/log.ts'
import { finalRecipients } from './final-recipients.ts'
import { Question } from './question.ts'
import { badRecipient, tryLater } from './replies.ts'
import type { RestrictionLists, SenderFacts } from './restriction.ts'

export type PolicyOptions = {
  /** Completes `postmaster` without a domain (RFC 5321 §4.5.1), which listeners complete no further. */
  readonly hostname: string
}

const earlyStages = ['connect', 'helo', 'sender'] as const satisfies readonly EarlyStage[]

export function createPolicy(deps: {
  readonly lists: RestrictionLists
  readonly directory: Pick<Directory, 'resolve' | 'reach'>
  readonly options: PolicyOptions
  readonly log: Log
}): Policy {
  const { lists, directory, log } = deps
  const host = parseDomain(deps.options.hostname)

  /** Its lists one after the other; answers what its recipient leads to. */
  async function decide(
    { queueId, judged }: Pick<EarlyRequest, 'queueId' | 'judged'>,
    what: 'client' | 'recipient' | 'message',
    ask: (question: Question) => Promise<number>,
  ): Promise<PolicyVerdict> {
    const question = new Question(judged)
    try {
      return question.verdict(await ask(question))
    } catch (error) {
      log.error({ queueId, error }, `${what} not decided`)
      return rejected(tryLater, 'failure')
    } finally {
      log.debug({ queueId, trail: question.trail }, `${what} judged`)
    }
  }

  async function askEarly(question: Question, last: EarlyStage, facts: SenderFacts): Promise<void> {
    for (const stage of earlyStages) {
      await question.askEarly(stage, lists[stage], facts)
      if (stage === last) return
    }
  }

  return {
    early: (request) =>
      decide(request, 'client', async (question) => {
        await askEarly(question, request.stage, { request })
        return 1
      }),

    async recipient(request) {
      const recipient = parseAddress(request.recipient, host)
      if (recipient === undefined) return rejected(badRecipient(request.recipient), 'syntax')
      return decide(request, 'recipient', async (question) => {
        await askEarly(question, 'sender', { request })
        const found = await directory.resolve(recipient)
        let reached: Promise<Reach> | undefined
        const reach = () => {
          reached ??= directory.reach(recipient)
          return reached
        }
        await question.ask('recipient', lists.recipient, { request, recipient, found, reach })
        return found.kind === 'alias' && question.isPermitted ? finalRecipients(await reach()) : 1
      })
    },

    message: (request) =>
      decide(request, 'message', async (question) => {
        await question.ask('data', lists.data, { request })
        await question.ask('message', lists.message, { request })
        return 1
      }),
  }
}

const rejected = (reply: SmtpReply, restriction: string): PolicyVerdict => ({
  kind: 'reject',
  reply,
  restriction,
})
