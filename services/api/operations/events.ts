// Change events, by two transports: a stream where the server can stream and is asked for one, and pages by the id of the last event seen.

import { z } from '@hono/zod-openapi'
import { eventSight } from '#shared/administration/event-sight.ts'
import { eventTopics } from '#shared/events/event.ts'
import { answer, defineOperation, problem } from '../operation.ts'
import { time, timeOf } from '../schemas.ts'
import { ofList } from '../subjects.ts'

const EVENTS_A_PAGE = 200

const topics = z
  .string()
  .max(100)
  .transform((text) => text.split(',').map((word) => word.trim()))
  .pipe(z.array(z.enum(eventTopics)).min(1))

export const eventOperations = [
  defineOperation({
    id: 'events.read',
    method: 'get',
    path: '/events',
    summary:
      'Tells what changed: as a stream (Accept: text/event-stream), or since the event `after`, from which the answer says where to go on.',
    right: 'signed-in',
    input: {
      query: z.strictObject({
        topics: topics.optional().openapi({
          type: 'string',
          example: 'queue,jobs',
          description: 'Default: all that one may see.',
        }),
        after: z.string().max(64).optional().openapi({
          description: 'Id of the last event seen; without it the answer only says where to begin.',
        }),
      }),
    },
    subject: () => ofList,
    output: z.object({
      events: z.array(
        z
          .object({
            id: z.string(),
            topic: z.enum(eventTopics),
            at: time,
            data: z.unknown(),
          })
          .openapi('Event'),
      ),
      last: z.string(),
      reset: z.boolean().openapi({
        description: 'Something was missed: everything is to be read anew.',
      }),
      streams: z.boolean().openapi({ description: 'Whether whoever asks for a stream gets one.' }),
    }),
    async run({ query }, { deps, actor, identity, request }) {
      const { events, eventStreams, identities } = deps
      const wanted = (query.topics ?? [...eventTopics]).filter((topic) =>
        events.topics.includes(topic),
      )
      // What a browser sends when it comes again by itself, with the address that it asked first.
      const after = request.headers.get('last-event-id') ?? query.after
      const question = { after, topics: wanted, sees: eventSight(actor) }
      const accepts = request.headers.get('accept') ?? ''
      if (eventStreams !== undefined && accepts.includes('text/event-stream')) {
        const who = actor.accountId ?? actor.name
        const response = eventStreams.open(who, question, {
          signal: request.signal,
          holds: () => identities.holds(identity),
        })
        if (response !== undefined) return { kind: 'response', response }
        return problem({
          status: 429,
          code: 'too-many-streams',
          detail: 'too many event streams are open; close one, or ask with `after`',
          headers: { 'retry-after': '15' },
        })
      }
      const { last, reset, ...page } = await events.read({ ...question, limit: EVENTS_A_PAGE })
      const seen = page.events.map(({ atMs, ...event }) => ({ ...event, at: timeOf(atMs) }))
      return answer({ events: seen, last, reset, streams: eventStreams !== undefined })
    },
  }),
]
