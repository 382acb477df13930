// Schemas that many operations share. They say what form a value has; what it may be is a rule of administration, which refuses with the
// field's name.

import { z } from '@hono/zod-openapi'
import { orders, SORTED_MAX } from '#shared/administration/sorting.ts'
import { CURSOR_CHARACTERS_MAX } from './cursors.ts'

/** As people write them: longer is none that anything here takes. */
const TEXT_CHARACTERS_MAX = 2_048

/** A value that a rule of administration reads. */
export const text = (example: string) => z.string().max(TEXT_CHARACTERS_MAX).openapi({ example })

export const domainText = text('example.org')
export const addressText = text('ann@example.org')
export const time = z.string().openapi({ format: 'date-time', example: '2026-11-29T10:42:03.120Z' })

export const timeOf = (ms: number) => new Date(ms).toISOString()

/** In a query. */
export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .openapi({ type: 'string' })

export const LIST_ENTRIES_MAX = 1_000
export const LIST_ENTRIES = 100

export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIST_ENTRIES_MAX)
    .optional()
    .openapi({
      description: `Entries at most; without it ${LIST_ENTRIES}.`,
    }),
  cursor: z.string().max(CURSOR_CHARACTERS_MAX).optional().openapi({
    description: '`next` of the answer before, with the same filters.',
  }),
}

export const pageOf = <T extends z.ZodType>(entry: T) =>
  z.object({
    data: z.array(entry),
    next: z.string().nullable().openapi({
      description:
        '`cursor` of what follows; null: this is the end. A page may hold fewer than asked for.',
    }),
  })

/** In lists of what has an address. */
export const lookingQuery = {
  q: text('ann').optional().openapi({
    description:
      'What the address begins with. With an @ the local part is whole. Over all domains the order is that of local parts.',
  }),
  from: text('m').optional().openapi({
    description:
      'Begins there: with these letters of addresses within `domain`, else of domains. Without `q`.',
  }),
}

/** In lists that can be sorted by something else than their names. */
export const sortQuery = <const S extends string>(sorts: readonly [S, ...S[]]) => ({
  sort: z
    .enum(sorts)
    .optional()
    .openapi({
      description: `In place of the order of names; up to ${SORTED_MAX} entries, of more it is refused.`,
    }),
  order: z
    .enum(orders)
    .optional()
    .openapi({ description: 'Of `sort`: `desc`, the greatest first, unless asked otherwise.' }),
})

export const lookedPageOf = <T extends z.ZodType>(entry: T) =>
  pageOf(entry).extend({
    looked: z
      .object({ entries: z.number().int(), upTo: z.string().nullable() })
      .optional()
      .openapi({
        description:
          'Where something was looked for: how many addresses were looked at for this page, and up to which. While `next` is not null there is more to look at.',
      }),
  })

export const accountParams = z.object({
  account: addressText.openapi({ description: 'Its address or its id.' }),
})
export const domainParams = z.object({ domain: domainText })

export const warning = z
  .looseObject({ kind: z.string() })
  .openapi('Warning', { description: 'What was done as asked and is perhaps not what was meant.' })
export const warnings = z.array(warning)

const problemError = z.looseObject({
  field: z.string(),
  pointer: z.string().optional(),
  in: z.enum(['path', 'query', 'header']).optional(),
  name: z.string().optional(),
  value: z.unknown().optional(),
  rule: z.unknown().optional(),
})

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(problemError).optional(),
    refusal: z
      .looseObject({ kind: z.string(), field: z.string(), value: z.string() })
      .optional()
      .openapi({ description: 'With all its facts, as the rules made it.' }),
  })
  .openapi('Problem')
