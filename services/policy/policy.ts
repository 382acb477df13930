// policy: decides what listeners may take, by a list of restrictions for each stage (lists.ts). A failure to decide is a `451`,
// never a yes.
//
// Implementation notes: a listener asks once for each RCPT, and once at the end of a message. What connect, helo and sender find is found
// with the first recipient, and handed back with the next question (`Judged`), so that it is found once and scores once, unless one of
// their restrictions looked at the recipient. Where a question ends in a refusal, what was found so counts, and warnings: what else lists
// wanted for the message because of a refused recipient is not for those who get it.

import type { CheckSpf } from '#shared/contracts/authentication.ts'
import type { PolicyAsked } from '#shared/contracts/decisions.ts'
import type {
  DataRequest,
  DecidingPolicy,
  EarlyRequest,
  EarlyStage,
  Judged,
  MessageRequest,
  PolicyVerdict,
  RecipientRequest,
  SmtpReply,
} from '#shared/contracts/policy.ts'
import type { Directory, Reach } from '#shared/directory/directory.ts'
import type { RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Log } from '#shared/runtime/log.ts'
import { createClient } from './client.ts'
import { finalRecipients, leadsOn } from './final-recipients.ts'
import type { AtMessage, AtRecipient, KnownRecipient } from './known.ts'
import { atStage, type Facts, type Noticed, noticeRecipient } from './known.ts'
import { Question } from './question.ts'
import { type DecisionRecorder, noRecorder } from './records/recorder.ts'
import { badRecipient, tryLater } from './replies.ts'
import type { PolicyLists, RestrictionList, StageLists } from './restriction.ts'

export type PolicyOptions = {
  /** Completes `postmaster` without a domain (RFC 5321 §4.5.1), which listeners complete no further. */
  readonly hostname: string
}

const noSender: Pick<Facts, 'sender' | 'spf'> = { sender: undefined, spf: async () => undefined }

const noSpf: CheckSpf = async () => ({ result: 'none', identity: 'mailfrom', domain: '' })

const earlyStages = ['connect', 'helo', 'sender'] as const satisfies readonly EarlyStage[]

export function createPolicy(deps: {
  readonly lists: PolicyLists
  readonly directory: Pick<Directory, 'resolve' | 'reach'>
  /** For one question: what it may cost is limited, and what was answered is kept. */
  readonly openDns: () => RecordingResolver
  /** Undefined: SPF is not looked at. */
  readonly checkSpf?: CheckSpf
  /** Undefined: nothing is recorded. */
  readonly recorder?: DecisionRecorder
  readonly options: PolicyOptions
  readonly log: Log
}): DecidingPolicy {
  const { lists, directory, openDns, checkSpf = noSpf, recorder = noRecorder, log } = deps
  const { firm } = lists
  const host = parseDomain(deps.options.hostname)

  /** Its lists one after the other; answers what its recipient leads to. */
  async function decide(
    asked: PolicyAsked,
    ask: (question: Question, dns: Resolver) => Promise<number>,
  ): Promise<PolicyVerdict> {
    const { queueId } = asked.request
    const what = asked.ask === 'early' ? 'client' : asked.ask
    const question = new Question(judgedBefore(asked))
    const { resolver, recorded } = openDns()
    const verdict = await ask(question, resolver).then(
      (leadsTo) => question.verdict(leadsTo),
      (error: unknown) => {
        log.error({ queueId, error }, `${what} not decided`)
        return rejected(tryLater, 'failure')
      },
    )
    const { trail } = question
    const lookups = recorded()
    log.debug({ queueId, trail, lookups }, `${what} judged`)
    recorder.note({ ...asked, trail, lookups, verdict })
    return verdict
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
  function clientFacts(
    { queueId, origin }: Pick<EarlyRequest, 'queueId' | 'origin'>,
    dns: Resolver,
  ) {
    return { queueId, origin, dns, client: createClient(origin.remoteAddress, dns) }
  }

  /** And of whoever it sends for. */
  function senderFacts(
    question: Question,
    dns: Resolver,
    { origin }: Pick<EarlyRequest, 'origin'>,
    sender: string,
  ): Pick<Facts, 'sender' | 'spf'> {
    const asked = { address: origin.remoteAddress, helo: origin.helo, sender }
    return { sender, spf: () => question.spf(() => checkSpf(asked, dns)) }
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
    dns: Resolver,
    request: RecipientRequest,
    recipient: KnownRecipient,
  ): Promise<void> {
    const stages = lists.of(request.origin.listener)
    const facts: Facts = {
      ...clientFacts(request, dns),
      ...senderFacts(question, dns, request, request.sender),
      answering: 'recipient',
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

  /** At DATA and after it; the recipient where there is one alone, and somebody may look at him. */
  async function factsOfAll(
    question: Question,
    dns: Resolver,
    request: Pick<DataRequest, 'queueId' | 'origin' | 'envelope'>,
    list: RestrictionList,
    bytes: number,
  ): Promise<Facts> {
    const { sender, recipients } = request.envelope
    const [only] = recipients
    const isAsked = recipients.length === 1 && list.some(({ isPlain }) => !isPlain)
    const address = isAsked && only ? parseAddress(only.address, host) : undefined
    return {
      ...clientFacts(request, dns),
      ...senderFacts(question, dns, request, sender),
      answering: 'data',
      recipient: address && only && (await knowRecipient(only.address, address)),
      recipientCount: recipients.length,
      finalRecipientCount: recipients.length,
      bytes,
      message: undefined,
    }
  }

  async function askAboutData(
    question: Question,
    dns: Resolver,
    request: DataRequest,
  ): Promise<void> {
    const { data } = lists.of(request.origin.listener)
    const facts = await factsOfAll(question, dns, request, data, request.declaredBytes)
    await question.ask('data', data, atStage(facts, 'data'))
    question.conclude()
  }

  async function askAboutMessage(
    question: Question,
    dns: Resolver,
    request: MessageRequest,
  ): Promise<void> {
    const { message } = lists.of(request.origin.listener)
    const facts = await factsOfAll(question, dns, request, message, request.bytes)
    const whole: Facts = { ...facts, answering: 'message', message: request }
    await question.ask('message', message, atStage(whole, 'message'))
    question.conclude()
    await question.ask('message', firm.message, atStage(whole, 'message') as AtMessage)
  }

  return {
    isPlain: (stage, listener) => lists.of(listener)[stage].every(({ isPlain }) => isPlain),

    settle: () => recorder.settle(),

    early: (request) =>
      decide({ ask: 'early', request }, async (question, dns) => {
        const { stage, origin, sender, declaredBytes } = request
        const facts: Facts = {
          ...clientFacts(request, dns),
          ...(stage === 'sender' ? senderFacts(question, dns, request, sender) : noSender),
          answering: stage,
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
      return decide({ ask: 'recipient', request }, async (question, dns) => {
        const recipient = await knowRecipient(request.recipient, address)
        await askAboutRecipient(question, dns, request, recipient)
        const isMore = leadsOn(recipient.found) && question.isPermitted
        return isMore ? finalRecipients(await recipient.reach()) : 1
      })
    },

    data: (request) =>
      decide({ ask: 'data', request }, async (question, dns) => {
        await askAboutData(question, dns, request)
        return 1
      }),

    message: (request) =>
      decide({ ask: 'message', request }, async (question, dns) => {
        if (!request.isDataJudged) {
          await askAboutData(question, dns, { ...request, declaredBytes: request.bytes })
        }
        await askAboutMessage(question, dns, request)
        return 1
      }),
  }
}

/** What was to be put off came true at RCPT: at DATA nothing is left of it. */
function judgedBefore({ ask, request: { judged } }: PolicyAsked): Judged | undefined {
  if (judged === undefined || ask === 'early' || ask === 'recipient') return judged
  const { deferIfPermit: _, ...rest } = judged
  return rest
}

const rejected = (reply: SmtpReply, restriction: string): PolicyVerdict => ({
  kind: 'reject',
  reply,
  restriction,
})
