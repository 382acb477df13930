// What was used in this month, and what it costs.

import { z } from '@hono/zod-openapi'
import type { CostEstimate, NoCost } from '#shared/administration/usage/cost.ts'
import { pricedNames } from '#shared/settings/cost-kinds.ts'
import { answer, defineOperation } from '../operation.ts'
import { time, timeOf } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

const amount = z.number().openapi({ description: 'In the currency, to a millionth.' })

const cost = z
  .object({
    currency: z.string().openapi({ example: 'USD' }),
    origin: z
      .union([
        z.object({
          kind: z.literal('list-prices'),
          listed: z.string().openapi({ description: 'The region of AWS whose prices these are.' }),
          region: z.string().openapi({ description: 'Where it runs; prices may differ there.' }),
          asOf: z.string().openapi({ description: 'The last day that prices were read.' }),
        }),
        z.object({ kind: z.literal('setting') }),
      ])
      .openapi({ description: 'AWS at list prices, whose bill decides; or `monthlyCost`.' }),
    soFar: amount,
    projected: amount.openapi({ description: 'At the end of the month, if it goes on so.' }),
    lines: z.array(
      z.object({
        what: z.enum(['atRest', ...pricedNames]),
        quantity: z.number().openapi({ description: 'Hours at rest, gigabytes, or how many.' }),
        amount,
      }),
    ),
    notCounted: z
      .array(z.enum(['traffic-to-clients', 'kept-logs', 'deleted-mail', 'stored-mail']))
      .openapi({ description: 'What costs something too.' }),
    points: z.array(z.object({ at: time, soFar: amount })),
  })
  .openapi('CostEstimate')

const MILLION = 1e6
const rounded = (value: number) => Math.round(value * MILLION) / MILLION

const shownCost = (found: CostEstimate | NoCost): z.input<typeof cost> | null =>
  found.kind === 'none'
    ? null
    : {
        ...{ currency: found.currency, origin: found.origin },
        ...{ soFar: rounded(found.soFar), projected: rounded(found.projected) },
        lines: found.lines.map(({ what, ...line }) => ({
          ...{ what, quantity: rounded(line.quantity), amount: rounded(line.amount) },
        })),
        notCounted: [...found.notCounted],
        points: found.points.map(({ atMs, soFar }) => ({
          ...{ at: timeOf(atMs), soFar: rounded(soFar) },
        })),
      }

export const usageOperations = [
  defineOperation({
    id: 'usage.read',
    method: 'get',
    path: '/usage',
    summary:
      'Tells what was used in this month (UTC), and an estimate of what that costs; at most five minutes old.',
    right: 'service.read',
    subject: () => ofSystem,
    output: z.object({
      from: time,
      until: time,
      end: time.openapi({ description: 'Of the month.' }),
      since: time.openapi({ description: 'Since when it ran, in this month.' }),
      counts: z.object({
        accepted: z.number(),
        acceptedBytes: z.number(),
        deliveredHere: z.number().openapi({ description: 'Recipients.' }),
        deliveredElsewhere: z.number().openapi({ description: 'Recipients.' }),
        deferred: z.number().openapi({ description: 'Attempts after which a recipient waits.' }),
        refused: z.number(),
        read: z.number().openapi({ description: 'Messages that clients fetched.' }),
        changed: z.number().openapi({ description: 'Messages that clients stored or removed.' }),
        logins: z.number(),
      }),
      storedBytes: z
        .number()
        .nullable()
        .openapi({ description: 'Of all mailboxes. Null: there are more than are summed up.' }),
      cost: cost.nullable(),
      noCost: z
        .enum(['not-set', 'off'])
        .nullable()
        .openapi({ description: 'Why there is none: the setting `monthlyCost`.' }),
    }),
    async run(_, { deps }) {
      const usage = await deps.usage.read()
      return answer({
        ...{ from: timeOf(usage.startMs), until: timeOf(usage.nowMs) },
        ...{ end: timeOf(usage.endMs), since: timeOf(usage.sinceMs) },
        counts: { ...usage.counts },
        storedBytes: usage.storedBytes,
        cost: shownCost(usage.cost),
        noCost: usage.cost.kind === 'none' ? usage.cost.why : null,
      })
    },
  }),
]
