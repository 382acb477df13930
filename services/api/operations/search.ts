// Search over all that somebody may see, by the shape of what is asked.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation } from '../operation.ts'
import { text } from '../schemas.ts'
import { ofList } from '../subjects.ts'

export const searchOperations = [
  defineOperation({
    id: 'search.find',
    method: 'get',
    path: '/search',
    summary:
      'Finds accounts, aliases, domains, messages, hosts, settings and things to do by a few characters: five of each, with the number of the rest.',
    right: 'signed-in',
    input: { query: z.strictObject({ q: text('ann') }) },
    subject: () => ofList,
    output: z.object({
      groups: z.array(
        z
          .object({
            kind: z.string(),
            hits: z.array(z.object({ name: z.string(), detail: z.string() })),
            rest: z.number().int(),
            more: z.boolean().openapi({
              description: 'There are more than `rest` says, which nobody counted.',
            }),
          })
          .openapi('SearchGroup'),
      ),
      complete: z.boolean().openapi({
        description: 'False while what an older store holds is still being indexed.',
      }),
    }),
    fields: { search: { in: 'query', name: 'q' } },
    async run({ query }, { deps, actor }) {
      const found = await deps.search.find(query.q, actor)
      if (found.kind !== 'found') return found
      const groups = found.groups.map(({ isMore, hits, ...group }) => ({
        ...group,
        hits: [...hits],
        more: isMore,
      }))
      return answer({ groups, complete: found.isComplete })
    },
  }),
]
