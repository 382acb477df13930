// policy: decides what listeners may take, by a list of restrictions for each stage (lists.ts). A failure to decide is a `451`,
// never a yes.
//
// Implementation notes: a listener asks once for each RCPT, and once at the end of a message. What connect, helo and sender find is found
// with the first recipient, and handed back with the next question (`Judged`), so that it is found once and scores once, unless one of
// their restrictions looked at the recipient. Of a list that refuses nothing else counts: what a refused recipient's list wanted for the
// message is not for those who get it.

import type {
  EarlyRequest,
  EarlyStage,
  MessageRequest,
  Policy,
  PolicyVerdict,
  RecipientRequest,
  SmtpReply,
} from '#shared/contracts/policy.ts'
import type { Directory, Reach } from '#shared/directory/directory.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createClient } from './client.ts'
import { finalRecipients } from './final-recipients.ts'
import type { AtMessage, AtRecipient, KnownRecipient } from './known.ts'
import { atStage, type Facts, type Noticed, noticeRecipient } from './known.ts'
import { Question } from './question.ts'
import { badRecipient, tryLater } from './replies.ts'
import type { PolicyLists, RestrictionList, StageLists } from './restriction.ts'

export type PolicyOptions = {
  /** Completes `postmaster` without a domain (RFC 5321 §4.5.1), which listeners complete no further. */
  readonly hostname: string
}

const earlyStages = ['connect', 'helo', 'sender'] as const satisfies readonly EarlyStage[]

export function createPolicy(deps: {
  readonly lists: PolicyLists
  readonly directory: Pick<Directory, 'resolve' | 'reach'>
  readonly dns: Resolver
  readonly options: PolicyOptions
  readonly log: Log
}): Policy {
  const { lists, directory, dns, log } = deps
  const { firm } = lists
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

  async function askEarly(
    question: Question,
    last: EarlyStage,
    stages: StageLists,
    { facts, takeLooked }: Noticed,
  ): Promise<void> {
    for (const stage of earlyStages) {
      const list = stage === 'sender' ? [...firm.sender, ...stages.sender] : stages[stage]
      takeLooked()
      await question.askEarly(stage, list, atStage(facts, stage), () => !takeLooked())
      if (stage === last) return
    }
  }

  /** What is known of whoever is connected. */
  function clientFacts({ queueId, origin }: Pick<EarlyRequest, 'queueId' | 'origin'>) {
    return { queueId, origin, dns, client: createClient(origin.remoteAddress, dns) }
  }

  async function knowRecipient(text: string, address: Address): Promise<KnownRecipient> {
    const found = await directory.resolve(address)
    let reached: Promise<Reach> | undefined
    const reach = () => {
      reached ??= directory.reach(address)
      return reached
    }
    return { text, address, found, reach }
  }

  async function askAboutRecipient(
    question: Question,
    request: RecipientRequest,
    recipient: KnownRecipient,
  ): Promise<void> {
    const stages = lists.of(request.origin.listener)
    const facts: Facts = {
      ...clientFacts(request),
      answering: 'recipient',
      sender: request.sender,
      recipient,
      recipientCount: request.recipientsSoFar,
      finalRecipientCount: request.finalRecipientsSoFar,
      bytes: request.declaredBytes,
      message: undefined,
    }
    const firmly = (list: RestrictionList<AtRecipient>) =>
      question.ask('recipient', list, atStage(facts, 'recipient') as AtRecipient)
    const noticed = noticeRecipient(facts)
    const isPostmaster = request.recipient.toLowerCase() === 'postmaster'
    // RFC 5321 §4.5.1: whoever has trouble with us can say so. As Postfix does, no list is asked about him.
    if (!isPostmaster) await askEarly(question, 'sender', stages, noticed)
    await firmly(firm.beforeRecipient)
    if (!isPostmaster) {
      await question.ask('relay', stages.relay, atStage(facts, 'relay'))
      await question.ask('recipient', stages.recipient, atStage(facts, 'recipient'))
    }
    await firmly(firm.afterRecipient)
    question.conclude()
  }

  async function askAboutMessage(question: Question, request: MessageRequest): Promise<void> {
    const { origin, envelope, bytes } = request
    const { data, message } = lists.of(origin.listener)
    const [only, ...others] = envelope.recipients
    const address = only && parseAddress(only.address, host)
    const isAsked = ![...data, ...message].every(({ isPlain }) => isPlain)
    const facts: Facts = {
      ...clientFacts(request),
      answering: 'data',
      sender: envelope.sender,
      recipient:
        isAsked && address && others.length === 0
          ? await knowRecipient(only.address, address)
          : undefined,
      recipientCount: envelope.recipients.length,
      finalRecipientCount: envelope.recipients.length,
      bytes,
      message: undefined,
    }
    await question.ask('data', data, atStage(facts, 'data'))
    question.conclude()
    const whole: Facts = { ...facts, answering: 'message', message: request }
    await question.ask('message', message, atStage(whole, 'message'))
    question.conclude()
    await question.ask('message', firm.message, atStage(whole, 'message') as AtMessage)
  }

  return {
    early: (request) =>
      decide(request, 'client', async (question) => {
        const { stage, origin, sender, declaredBytes } = request
        const facts: Facts = {
          ...clientFacts(request),
          answering: stage,
          sender: stage === 'sender' ? sender : undefined,
          recipient: undefined,
          recipientCount: 0,
          finalRecipientCount: 0,
          bytes: declaredBytes,
          message: undefined,
        }
        await askEarly(question, stage, lists.of(origin.listener), noticeRecipient(facts))
        return 1
      }),

    async recipient(request) {
      const address = parseAddress(request.recipient, host)
      if (address === undefined) return rejected(badRecipient(request.recipient), 'syntax')
      return decide(request, 'recipient', async (question) => {
        const recipient = await knowRecipient(request.recipient, address)
        await askAboutRecipient(question, request, recipient)
        const isAlias = recipient.found.kind === 'alias' && question.isPermitted
        return isAlias ? finalRecipients(await recipient.reach()) : 1
      })
    },

    message: (request) =>
      decide(withoutPutOff(request), 'message', async (question) => {
        await askAboutMessage(question, request)
        return 1
      }),
  }
}

/** What was to be put off came true at RCPT: at DATA nothing is left of it. */
function withoutPutOff({
  queueId,
  judged,
}: MessageRequest): Pick<EarlyRequest, 'queueId' | 'judged'> {
  if (judged === undefined) return { queueId }
  const { passed, score } = judged
  return { queueId, judged: { passed, score } }
}

const rejected = (reply: SmtpReply, restriction: string): PolicyVerdict => ({
  kind: 'reject',
  reply,
  restriction,
})
