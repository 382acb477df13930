// What becomes of a message that was weighed, and what its sender is told.

import type { WeightAction } from '#shared/settings/restrictions/weights.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { RefusedBefore, TakenBefore } from './remembered-verdicts.ts'
import type { Weighed, WeighedMail } from './weigh.ts'

export type WeightSettings = Pick<Settings, Extract<keyof Settings, `weight${string}`>>

/** `why`: what counted how much. */
type Judged = { readonly points: number; readonly why: string }

export type Verdict =
  /** `field`: what X-policyd-weight says. */
  | (Judged & { readonly kind: 'pass'; readonly field: string })
  /** `isFinal`: for good, so that its client is remembered. */
  | (Judged & {
      readonly kind: 'refuse'
      readonly action: WeightAction
      readonly isFinal: boolean
    })

export function verdictOf(weighed: Weighed, mail: WeighedMail, settings: WeightSettings): Verdict {
  const { points, hits: why } = weighed
  const pass = (field: string): Verdict => ({ kind: 'pass', points, why, field })
  switch (weighed.kind) {
    case 'not judged':
      return pass(`passed - too many local DNS-errors in ${weighed.where}`)
    case 'lists unasked': {
      const action = { kind: 'defer-if-permit', text: weighed.reason } as const
      return { kind: 'refuse', points, why, action, isFinal: false }
    }
    case 'lists only':
      return pass(`${why} (only DNSBL check requested)`)
    case 'remembered':
      return pass(why)
    case 'listed too often': {
      const where = `; check http://www.robtex.com/rbl/${mail.clientAddress}.html`
      return refuse(weighed, withText(settings.weightDnsListMessage, where))
    }
    case 'weighed': {
      if (weighed.isUnknown && weighed.listHits < 2) {
        const who = ` Your HELO: ${mail.helo}, IP: ${mail.clientAddress}`
        const action = withText(settings.weightUnknownMessage, who)
        return { kind: 'refuse', points, why, action, isFinal: false }
      }
      if (points < settings.weightRejectLevel) return pass(`${why}; rate: ${points}`)
      return refuse(weighed, withText(refusalOf(weighed, settings), adviceFor(weighed, mail)))
    }
  }
}

/** Of a client that came back soon. */
export function refusedAgain(
  { points, retriesLeft }: RefusedBefore,
  { weightRejectMessage, weightRefusedCacheTime }: WeightSettings,
): Verdict {
  const seconds = weightRefusedCacheTime / 1_000
  const said = ` [cached] - retrying too fast. penalty: ${seconds} seconds x ${retriesLeft} retries.`
  const action = withText(weightRejectMessage, said)
  return { kind: 'refuse', points, why: 'refused before', action, isFinal: true }
}

/** Of a client and a domain that passed a short time ago. */
export function passedAgain({ points, isTrusted }: TakenBefore): Verdict {
  const rate = isTrusted ? 'rate:hard:' : 'rate:'
  const field = `using cached result; ${rate} ${points}`
  return { kind: 'pass', points, why: 'passed before', field }
}

export function withText(action: WeightAction, more: string): WeightAction {
  return action.kind === 'class' ? action : { ...action, text: `${action.text}${more}`.trim() }
}

function refuse({ points, hits: why }: Weighed, action: WeightAction): Verdict {
  const isFinal = action.kind === 'reply' && action.code >= 500
  return { kind: 'refuse', points, why, action, isFinal }
}

/** Put off where what was found often speaks against the innocent. */
function refusalOf({ points, hits }: Weighed, settings: WeightSettings): WeightAction {
  const { weightRejectMessage, weightDeferLevel, weightDeferStrings, weightDeferAction } = settings
  const isDoubtful =
    points < weightDeferLevel && weightDeferStrings.some((text) => ` ${hits}`.includes(` ${text}`))
  if (!isDoubtful || weightRejectMessage.kind === 'class') return weightRejectMessage
  return withText(weightDeferAction, ` ${weightRejectMessage.text}`)
}

function adviceFor(
  { isMismatch, advice }: Extract<Weighed, { readonly kind: 'weighed' }>,
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
