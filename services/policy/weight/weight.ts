// policyd-weight within: `check_policy_service policyd-weight`. Says how many points a message has, and then refuses it, puts it off, or
// lets it pass with a header field that tells what was found. What it judged a short time ago it need not ask again.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { WeightAction } from '#shared/settings/restrictions/weights.ts'
import type { Settings } from '#shared/settings/table.ts'
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
import { type Weighed, type WeighedMail, type WeighOptions, weigh } from './weigh.ts'

export type WeightSettings = Pick<Settings, Extract<keyof Settings, `weight${string}`>>

export type WeightDeps = {
  readonly dnsLists: DnsLists
  readonly settings: WeightSettings
  readonly clock: Clock
  readonly log: Log
  /** A restriction class, for messages that name one. */
  readonly compile: (text: string) => RestrictionList
}

/** What becomes of a message. */
type Verdict =
  | (Judged & { readonly kind: 'pass'; readonly field: string })
  | (Judged & { readonly kind: 'refuse'; readonly action: WeightAction })

/** `why`: what counted how much. */
type Judged = { readonly points: number; readonly why: string }

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
    if (before !== undefined) return refusedBefore(before)
    const passed = taken.ask(byDomain)
    if (passed?.isTrusted) return remembered(`rate:hard: ${passed.points}`, passed.points)
    const options = optionsOf(settings, passed !== undefined)
    const weighed = await weigh(mail, { dnsLists, dns: known.dns, options })
    logWeighed(known, mail, weighed)
    if (weighed.kind === 'remembered') {
      const points = passed?.points ?? 0
      return remembered(`rate: ${points}`, points)
    }
    const { verdict, isMeant } = verdictOf(weighed, mail)
    if (verdict.kind === 'pass') {
      const isClean = weighed.kind === 'weighed' && weighed.listHits === 0
      if (isClean) taken.add(byDomain, weighed.points)
    } else if (isMeant) {
      const isOfAddress =
        weighed.kind !== 'weighed' ||
        weighed.listHits > 0 ||
        weighed.isDialup ||
        !weighed.isHeloFine
      refused.add(isOfAddress ? address : bySender, weighed.points)
    }
    return verdict
  }

  function refusedBefore(before: { points: number; retriesLeft: number }): Verdict {
    const { weightRejectMessage, weightRefusedCacheTime } = settings
    const seconds = weightRefusedCacheTime / 1_000
    const said = ` [cached] - retrying too fast. penalty: ${seconds} seconds x ${before.retriesLeft} retries.`
    return {
      kind: 'refuse',
      points: before.points,
      why: 'refused before',
      action: withText(weightRejectMessage, said),
    }
  }

  function remembered(rate: string, points: number): Verdict {
    return { kind: 'pass', points, why: 'passed before', field: `using cached result; ${rate}` }
  }

  /** `isMeant`: it is refused for good, and remembered. */
  function verdictOf(weighed: Weighed, mail: WeighedMail): { verdict: Verdict; isMeant: boolean } {
    const { points, hits } = weighed
    const pass = (field: string) => ({
      verdict: { kind: 'pass', points, why: hits, field } as const,
      isMeant: false,
    })
    const refuse = (action: WeightAction) => ({
      verdict: { kind: 'refuse', points, why: hits, action } as const,
      isMeant: action.kind === 'reply' && action.code >= 500,
    })
    switch (weighed.kind) {
      case 'not judged':
        return pass(`passed - too many local DNS-errors in ${weighed.where}`)
      case 'lists only':
        return pass(`${hits} (only DNSBL check requested)`)
      case 'remembered':
        return pass(hits)
      case 'listed too often': {
        const where = `; check http://www.robtex.com/rbl/${mail.clientAddress}.html`
        return refuse(withText(settings.weightDnsListMessage, where))
      }
      case 'weighed':
        if (weighed.isUnknown && weighed.listHits < 2) {
          const who = ` Your HELO: ${mail.helo}, IP: ${mail.clientAddress}`
          return { ...refuse(withText(settings.weightUnknownMessage, who)), isMeant: false }
        }
        return points >= settings.weightRejectLevel
          ? refuse(withText(refusalOf(weighed), adviceFor(weighed, mail)))
          : pass(`${hits}; rate: ${points}`)
    }
  }

  function refusalOf({ points, hits }: Weighed): WeightAction {
    const { weightRejectMessage, weightDeferLevel, weightDeferStrings, weightDeferAction } =
      settings
    const isDoubtful =
      points < weightDeferLevel &&
      weightDeferStrings.some((text) => ` ${hits}`.includes(` ${text}`))
    if (!isDoubtful || weightRejectMessage.kind === 'class') return weightRejectMessage
    return withText(weightDeferAction, ` ${weightRejectMessage.text}`)
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
      // Bounces come from anywhere; and whoever is refused must be able to ask why.
      if (sender === undefined || sender === '' || isPostmaster(recipient?.text)) return []
      const mail = await mailOf(known, sender)
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

const scoreOf = ({ points, why }: Judged): Decision => ({ kind: 'score', points, why })

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

function isPostmaster(recipient = ''): boolean {
  return /^(?:postmaster|abuse)@/i.test(recipient)
}

function withText(action: WeightAction, more: string): WeightAction {
  return action.kind === 'class' ? action : { ...action, text: `${action.text}${more}`.trim() }
}

function adviceFor(
  { isMismatch, advice }: Extract<Weighed, { kind: 'weighed' }>,
  { helo, clientName, clientAddress }: WeighedMail,
): string {
  const name = clientName === '' ? 'unknown' : clientName
  return [
    isMismatch &&
      `; MTA helo: ${helo}, MTA hostname: ${name}[${clientAddress}] (helo/hostname mismatch)`,
    ...advice.zones.map((zone) => `; in ${zone}`),
    advice.relayBy !== undefined && `; please relay via your ISP (${advice.relayBy})`,
    advice.useDynDns && '; Please use DynDNS',
  ]
    .filter((text) => text !== false)
    .join('')
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
