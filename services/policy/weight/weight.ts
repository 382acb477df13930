// policyd-weight within: `check_policy_service policyd-weight`. Says how many points a message has, and then refuses it, puts it off, or
// lets it pass with a header field that tells what was found. What it judged a short time ago it need not ask again.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { WeightAction } from '#shared/settings/restrictions/weights.ts'
import type { DnsLists } from '../dns-lists/dns-lists.ts'
import type { Known } from '../known.ts'
import { replyFor, subjectOf } from '../reply-form.ts'
import {
  type Decision,
  defer,
  deferIfPermit,
  deferIfReject,
  type RestrictionList,
  reject,
} from '../restriction.ts'
import type { BuiltInService } from '../service.ts'
import { weightField } from './field.ts'
import { RefusedClients, TakenClients } from './remembered-verdicts.ts'
import {
  passedAgain,
  refusedAgain,
  type Verdict,
  verdictOf,
  type WeightSettings,
  withText,
} from './verdict.ts'
import { type Weighed, type WeighedMail, type WeighOptions, weigh } from './weigh.ts'

export type WeightDeps = {
  readonly dnsLists: DnsLists
  readonly settings: WeightSettings
  readonly clock: Clock
  readonly log: Log
  /** A restriction class, for messages that name one. */
  readonly compile: (text: string) => RestrictionList
}

/** Messages on their way whose later recipients get the same answer. */
const MESSAGES_MAX = 1_000

export function createWeightService(deps: WeightDeps): BuiltInService {
  const { settings, clock, log, dnsLists } = deps
  const refused = new RefusedClients(
    {
      size: settings.weightRefusedCacheSize,
      sizeMax: 2 * settings.weightRefusedCacheSize,
      retries: settings.weightRefusedCacheRetries,
      waitMs: settings.weightRefusedCacheTime,
    },
    clock,
  )
  const taken = new TakenClients(
    {
      size: settings.weightPassedCacheSize,
      sizeMax: 2 * settings.weightPassedCacheSize,
      trialMs: settings.weightPassedCacheTrial,
      uses: settings.weightPassedCacheUses,
      usesWithinMs: settings.weightPassedCacheTime,
    },
    clock,
  )
  const messages = new Map<string, Verdict>()

  function keep(message: string, verdict: Verdict): void {
    if (messages.size >= MESSAGES_MAX) messages.clear()
    messages.set(message, verdict)
  }

  async function judge(known: Known, mail: WeighedMail): Promise<Verdict> {
    const { clientAddress: address, sender } = mail
    const bySender = `${address}-${sender}`
    const byDomain = `${address}-${sender.slice(sender.lastIndexOf('@') + 1)}`
    const before = refused.ask([address, bySender])
    if (before !== undefined) return refusedAgain(before, settings)
    const passed = taken.ask(byDomain)
    if (passed?.isTrusted) return passedAgain(passed)
    const options = optionsOf(settings, passed !== undefined)
    const weighed = await weigh(mail, { dnsLists, dns: known.dns, options })
    logWeighed(known, mail, weighed)
    if (passed && weighed.kind === 'remembered') return passedAgain(passed)
    const verdict = verdictOf(weighed, mail, settings)
    if (verdict.kind === 'refuse') {
      if (verdict.isFinal) refused.add(isOfAddress(weighed) ? address : bySender, weighed.points)
    } else if (weighed.kind === 'weighed' && weighed.listHits === 0) {
      taken.add(byDomain, weighed.points)
    }
    return verdict
  }

  function logWeighed(known: Known, mail: WeighedMail, { kind, points, hits }: Weighed): void {
    const { queueId } = known
    const { clientAddress: remoteAddress, helo, sender: from } = mail
    log.info({ queueId, remoteAddress, helo, from, points, hits, weighed: kind }, 'weighed')
  }

  async function decisionsFor(known: Known, verdict: Verdict): Promise<readonly Decision[]> {
    const score = scoreOf(verdict)
    if (verdict.kind === 'refuse') return [score, await refusal(known, verdict.action)]
    return settings.weightHeader
      ? [score, { kind: 'prepend', fields: weightField(verdict.field) }]
      : [score]
  }

  /**
   * Bounces come from anywhere and are not refused, as policyd-weight has it. What lists say of the client counts even so: or whoever writes
   * MAIL FROM:<> would have no points, and get round greylisting, too.
   */
  async function decideOnBounce(known: Known, mail: WeighedMail): Promise<readonly Decision[]> {
    const options = { ...optionsOf(settings, false), listsOnly: true }
    const weighed = await weigh(mail, { dnsLists, dns: known.dns, options })
    logWeighed(known, mail, weighed)
    const verdict = verdictOf(weighed, mail, settings)
    return weighed.kind === 'lists unasked' ? decisionsFor(known, verdict) : [scoreOf(verdict)]
  }

  async function refusal(known: Known, action: WeightAction): Promise<Decision> {
    if (action.kind === 'class') return { kind: 'list', restrictions: deps.compile(action.name) }
    const reply = (code: number): Promise<SmtpReply> =>
      replyFor(known, subjectOf(known), { code, status: '5.7.1', text: action.text })
    switch (action.kind) {
      case 'reply': {
        const refused = await reply(action.code)
        return action.code < 500 ? defer(refused) : reject(refused)
      }
      case 'defer-if-permit':
        return deferIfPermit(await reply(450))
      case 'defer-if-reject':
        return deferIfReject(await reply(450))
    }
  }

  return {
    async decide(known) {
      const { sender, recipient, queueId } = known
      // Whoever is refused must be able to ask why.
      if (sender === undefined || isPostmaster(recipient?.text)) return []
      const mail = await mailOf(known, sender)
      if (sender === '') return decideOnBounce(known, mail)
      const message = `${queueId} ${mail.clientAddress} ${mail.sender}`
      const before = messages.get(message)
      // Once for a message; what a recipient who was refused got is not in it.
      if (before?.kind === 'pass' && known.recipientCount > 0) {
        return [scoreOf(before)]
      }
      if (before?.kind === 'pass') return decisionsFor(known, before)
      if (before?.kind === 'refuse') {
        const action = withText(before.action, ' (multirecipient mail)')
        return decisionsFor(known, { ...before, action })
      }
      const verdict = await judge(known, mail)
      keep(message, verdict)
      return decisionsFor(known, verdict)
    },
  }
}

const scoreOf = ({ points, why }: Verdict): Decision => ({ kind: 'score', points, why })

async function mailOf(known: Known, sender: string): Promise<WeighedMail> {
  const { client, origin } = known
  const found = await client.name()
  return {
    clientAddress: client.address,
    clientName: found.kind === 'found' ? found.name.toLowerCase() : '',
    helo: origin.helo.toLowerCase(),
    sender: withoutExtension(sender.toLowerCase()),
  }
}

/** `user+list@` and `user-list@` are both `user@`. */
function withoutExtension(sender: string): string {
  const at = sender.lastIndexOf('@')
  const extension = sender.slice(0, Math.max(at, 0)).search(/[+-]/)
  return extension < 0 ? sender : sender.slice(0, extension) + sender.slice(at)
}

/** It is the client that is bad, whoever it says to send for. */
function isOfAddress(weighed: Weighed): boolean {
  if (weighed.kind !== 'weighed') return true
  return weighed.listHits > 0 || weighed.isDialup || !weighed.isHeloFine
}

function isPostmaster(recipient = ''): boolean {
  return /^(?:postmaster|abuse)@/i.test(recipient)
}

function optionsOf(settings: WeightSettings, isRemembered: boolean): WeighOptions {
  return {
    dnsLists: settings.weightDnsLists,
    rhsLists: settings.weightRhsLists,
    scores: settings.weightScores,
    rejectLevel: settings.weightRejectLevel,
    listHitsMax: settings.weightDnsListHitLimit,
    listPointsMax: settings.weightDnsListPointLimit,
    failuresMax: settings.weightDnsFailureLimit,
    listsOnly: settings.weightDnsListsOnly,
    isRemembered,
  }
}
