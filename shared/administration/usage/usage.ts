// Usage of the month so far: what was counted, what is stored, and what that costs as far as it is known (cost.ts). Months are those of UTC.

import type { Accounts } from '#shared/directory/accounts.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { MonthlyCost, UnitPrices } from '#shared/settings/cost-kinds.ts'
import {
  type CostEstimate,
  type CostModel,
  estimateCost,
  modelInForce,
  type NoCost,
} from './cost.ts'
import { countedFigures, countedTogether, stepsOf, type UsageCounts } from './counts.ts'

export type UsageShown = {
  readonly startMs: number
  readonly endMs: number
  readonly nowMs: number
  /** From when on it ran, within the month. */
  readonly sinceMs: number
  readonly counts: UsageCounts
  /** All mailboxes; null: there are more of them than are looked at. */
  readonly storedBytes: number | null
  readonly cost: CostEstimate | NoCost
}

export interface UsageSource {
  /** At most KEPT_MS old. */
  read(): Promise<UsageShown>
}

/** A month of hours is read, and every account: many may look. */
export const KEPT_MS = 5 * 60_000
/** Accounts whose mail is summed up; a system with more is told nothing rather than a part. */
export const ACCOUNTS_MAX = 5_000
const ACCOUNTS_A_PAGE = 500
const MEASURED_AT_ONCE = 16
/** Whoever counted within this before the month ran when it began. */
const BEFORE_MS = 7 * 86_400_000

export function createUsageSource(deps: {
  readonly figures: FigureSource
  readonly accounts: Pick<Accounts, 'page'>
  readonly mailbox: Pick<Mailbox, 'usage'>
  /** As they are in force. */
  readonly settings: () => { readonly monthlyCost: MonthlyCost; readonly unitPrices: UnitPrices }
  /** At list prices; undefined: nobody asks for such. */
  readonly listCosts: (() => CostModel) | undefined
  readonly clock: Pick<Clock, 'now'>
}): UsageSource {
  const { figures, settings, listCosts, clock } = deps
  let last: { readonly atMs: number; readonly measured: Promise<Measured> } | undefined

  async function measure(nowMs: number): Promise<Measured> {
    const { startMs, endMs } = monthOf(nowMs)
    const [answer, storedBytes] = await Promise.all([
      figures.read({ names: countedFigures, fromMs: startMs - BEFORE_MS, toMs: nowMs }),
      storedBytesOf(deps),
    ])
    const steps = stepsOf(answer)
    const firstKnownMs = steps.find(({ counts }) => counts !== null)?.atMs ?? nowMs
    const within = steps.filter(({ atMs }) => atMs >= startMs)
    const sinceMs = Math.max(startMs, firstKnownMs)
    const month = { startMs, endMs, sinceMs, nowMs }
    return { month, steps: within, stepMs: answer.stepMs, storedBytes }
  }

  return {
    async read() {
      const nowMs = clock.now()
      const isOld = last === undefined || nowMs - last.atMs >= KEPT_MS || nowMs < last.atMs
      if (last === undefined || isOld) {
        const measured = measure(nowMs)
        last = { atMs: nowMs, measured }
        // The next who asks tries again.
        measured.catch(() => {
          last = undefined
        })
      }
      const { month, ...used } = await last.measured
      const model = modelInForce(settings(), listCosts?.())
      const cost = 'kind' in model ? model : estimateCost(model, used, month)
      const { steps, storedBytes } = used
      return { ...month, counts: countedTogether(steps), storedBytes, cost }
    },
  }
}

type Measured = Parameters<typeof estimateCost>[1] & {
  readonly month: Parameters<typeof estimateCost>[2]
}

function monthOf(ms: number): { readonly startMs: number; readonly endMs: number } {
  const at = new Date(ms)
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()]
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) }
}

/** What several mailboxes have of one message counts in each. */
async function storedBytesOf({
  accounts,
  mailbox,
}: Pick<Parameters<typeof createUsageSource>[0], 'accounts' | 'mailbox'>): Promise<number | null> {
  let bytes = 0
  let seen = 0
  let after: Parameters<Accounts['page']>[0]['after']
  do {
    const page = await accounts.page({ limit: ACCOUNTS_A_PAGE, ...(after && { after }) })
    seen += page.items.length
    if (seen > ACCOUNTS_MAX) return null
    const used = await concurrently(page.items, MEASURED_AT_ONCE, ({ id }) => mailbox.usage(id))
    bytes += used.reduce((sum, one) => sum + one.bytes, 0)
    after = page.next
  } while (after !== undefined)
  return bytes
}
