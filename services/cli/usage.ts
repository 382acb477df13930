import type { Command } from 'commander'
import type {
  CostEstimate,
  CostLine,
  NoCost,
  NotCounted,
} from '#shared/administration/usage/cost.ts'
import type { UsageShown } from '#shared/administration/usage/usage.ts'
import type { Define } from './define.ts'
import { columns, formatBytes, formatTime } from './output.ts'

/** `postwolke usage`: what was used in this month, and what that costs. */
export function usageCommand(parent: Command, define: Define): void {
  define(parent.command('usage'), {
    about: 'show what was used in this month (UTC), and an estimate of what that costs',
    async run({ services, output }) {
      const { startMs, nowMs, sinceMs, counts, storedBytes, cost } = await services.usage()
      const times = {
        ...{ from: formatTime(startMs), until: formatTime(nowMs), since: formatTime(sinceMs) },
      }
      output.print({ ...times, counts, storedBytes, cost: shownCost(cost) }, (width) => [
        `since        ${times.since}`,
        `accepted     ${counts.accepted} messages, ${formatBytes(counts.acceptedBytes)}`,
        `delivered    to ${counts.deliveredHere} recipients here, ${counts.deliveredElsewhere} elsewhere`,
        `not taken    ${counts.refused} refused, ${counts.deferred} attempts put off`,
        `clients      ${counts.logins} logins, ${counts.read} messages read, ${counts.changed} stored or removed`,
        `stored       ${storedBytes === null ? 'more mailboxes than are summed up' : formatBytes(storedBytes)}`,
        ...costText(cost, width),
      ])
    },
  })
}

type Shown = UsageShown['cost']

const shownCost = (cost: Shown) =>
  cost.kind === 'none'
    ? { none: cost.why }
    : { ...cost, points: cost.points.map(({ atMs, soFar }) => ({ at: formatTime(atMs), soFar })) }

function costText(cost: CostEstimate | NoCost, width: number | undefined): readonly string[] {
  if (cost.kind === 'none') {
    return cost.why === 'off'
      ? []
      : ['cost         not known: \'postwolke setting set monthlyCost "35.50 EUR"\' says it']
  }
  const { currency, origin, soFar, projected, lines, notCounted } = cost
  const from =
    origin.kind === 'setting'
      ? 'by the setting monthlyCost'
      : `AWS's list prices of ${origin.listed}${origin.region === origin.listed ? '' : ` (it runs in ${origin.region})`} as of ${origin.asOf}; AWS's bill decides`
  return [
    `cost         about ${money(soFar)} ${currency} so far, ${money(projected)} by the end of the month: an estimate, ${from}`,
    ...(notCounted.length === 0 ? [] : [`not counted  ${notCounted.map(words).join(', ')}`]),
    '',
    ...columns(
      ['FOR', 'QUANTITY', currency],
      lines.map((line) => [whatText[line.what], quantityText(line), money(line.amount)]),
      width,
    ),
  ]
}

const whatText = {
  atRest: 'being there (hours)',
  accepted: 'messages accepted',
  deliveredHere: 'recipients here',
  deliveredElsewhere: 'recipients elsewhere',
  deferred: 'attempts put off',
  refused: 'refusals',
  read: 'messages read',
  changed: 'messages stored or removed',
  logins: 'logins',
  storedGB: 'mail stored (GB)',
} as const satisfies { readonly [what in CostLine['what']]: string }

const wordsOf = {
  'traffic-to-clients': 'traffic to clients',
  'kept-logs': 'logs that are kept',
  'deleted-mail': 'deleted mail that is kept for a time',
  'stored-mail': 'stored mail, in too many mailboxes',
} as const satisfies { readonly [what in NotCounted]: string }
const words = (what: NotCounted) => wordsOf[what]

const DIGITS_BELOW_ONE = 4

const money = (amount: number) => amount.toFixed(amount !== 0 && amount < 1 ? DIGITS_BELOW_ONE : 2)

const quantityText = ({ what, quantity }: CostLine) =>
  what === 'atRest' || what === 'storedGB' ? quantity.toFixed(1) : String(quantity)
