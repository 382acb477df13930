// Figures over a range of time, for plots.

import { z } from '@hono/zod-openapi'
import { badValue } from '#shared/administration/refusals.ts'
import { figureNames } from '#shared/figures/figures.ts'
import { RANGE_MS_MAX } from '#shared/figures/series.ts'
import { duration } from '#shared/settings/kinds.ts'
import { answer, defineOperation } from '../operation.ts'
import { time, timeOf } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

const since = duration({ min: 60_000, max: RANGE_MS_MAX })
const DAY = '24h'

const names = z
  .string()
  .max(400)
  .transform((text) => text.split(',').map((word) => word.trim()))
  .pipe(z.array(z.enum(figureNames)).min(1))

export const figureOperations = [
  defineOperation({
    id: 'figures.read',
    method: 'get',
    path: '/figures',
    summary:
      'Gives counts and measures over a range of time, at most 400 points each; null where nobody counted.',
    right: 'service.read',
    input: {
      query: z.strictObject({
        names: names.optional().openapi({ type: 'string', example: 'accepted,refused' }),
        since: z
          .string()
          .max(20)
          .optional()
          .openapi({
            example: DAY,
            description: `How far back: ${since.allowed}; default ${DAY}.`,
          }),
      }),
    },
    subject: () => ofSystem,
    output: z.object({
      from: time,
      stepSeconds: z.number().int(),
      series: z.array(
        z
          .object({
            name: z.enum(figureNames),
            label: z.string(),
            unit: z.string(),
            kind: z.enum(['count', 'gauge']),
            values: z.array(z.number().nullable()),
          })
          .openapi('FigureSeries'),
      ),
    }),
    async run({ query }, { deps, nowMs }) {
      const text = query.since ?? DAY
      const rangeMs = since.parse(text)
      if (rangeMs === undefined) {
        return badValue('newerThan', text, { name: 'age', allowed: since.allowed })
      }
      const { fromMs, stepMs, series } = await deps.figures.read({
        names: query.names ?? figureNames,
        fromMs: nowMs - rangeMs,
        toMs: nowMs,
      })
      return answer({
        from: timeOf(fromMs),
        stepSeconds: stepMs / 1_000,
        series: series.map((one) => ({ ...one, values: [...one.values] })),
      })
    },
    fields: { newerThan: { in: 'query', name: 'since' } },
  }),
]
