// Who is greylisted and has to come again, which clients need not, and the points of mail that was refused.

import { z } from '@hono/zod-openapi'
import type { ClientShown, TripletShown } from '#shared/administration/greylist.ts'
import type { TripletFacts } from '#shared/contracts/greylist.ts'
import { answer, defineOperation } from '../operation.ts'
import { addressText, text, time, timeOf } from '../schemas.ts'
import { ofList, ofSystem } from '../subjects.ts'

const place = z
  .object({
    place: z.string().openapi({
      description: 'The network of the client, or `spf:` and the domain that lets it send.',
    }),
    state: z.enum(['waiting', 'passed', 'unknown']),
    firstAt: time.nullable(),
    from: time.nullable().openapi({ description: 'Of one that waits: then it is let in.' }),
    endsAt: time.nullable(),
  })
  .openapi('GreylistPlace')

const timeOrNull = (ms: number | null) => (ms === null ? null : timeOf(ms))

const placeOf = ({ firstMs, fromMs, endsMs, ...facts }: TripletFacts) => ({
  ...facts,
  firstAt: timeOrNull(firstMs),
  from: timeOrNull(fromMs),
  endsAt: timeOrNull(endsMs),
})

const clientText = text('192.0.2.1')
const triplet = {
  client: clientText,
  sender: text('bob@example.net').openapi({ description: '`<>` or nothing: the null sender.' }),
  recipient: addressText,
}
const shown = z.object({ ...triplet, places: z.array(place) }).openapi('GreylistEntry')
const shownOf = ({ triplet, places }: TripletShown) =>
  answer({ ...triplet, places: places.map(placeOf) })

const client = z
  .object({
    client: z.string(),
    passes: z.number().int(),
    passesEnough: z.number().int().openapi({
      description: 'From so many on nothing of it is greylisted; 0: however many.',
    }),
    endsAt: time.nullable(),
  })
  .openapi('GreylistedClient')
const clientOf = ({ kind: _, endsMs, ...facts }: ClientShown) =>
  answer({ ...facts, endsAt: timeOrNull(endsMs) })

const recorded = {
  queueId: z.string(),
  at: time,
  client: z.string(),
  sender: z.string(),
  recipient: z.string(),
}
const recordedQuery = z.object({
  about: text('192.0.2.1').openapi({
    description: 'IP address of a client, or address of a sender or recipient.',
  }),
  since: text('7d').optional().openapi({ description: 'How far back; without it 1d.' }),
})
const isCut = z.boolean().openapi({ description: 'Older ones may be left out.' })
const clientParams = z.object({ client: clientText })

export const greylistOperations = [
  defineOperation({
    id: 'greylist.list',
    method: 'get',
    path: '/greylist',
    summary:
      'Lists mail that greylisting put off lately, by client, sender or recipient, and how each stands now.',
    right: 'policy.read',
    input: { query: recordedQuery },
    subject: () => ofList,
    output: z.object({
      data: z.array(z.object({ ...recorded, places: z.array(place) })),
      isCut,
    }),
    async run({ query }, { administration, extent }) {
      const found = await administration.greylist.list({ ...query, within: extent })
      if (found.kind !== 'greylist') return found
      const data = found.entries.map(({ atMs, places, ...one }) => ({
        ...one,
        at: timeOf(atMs),
        places: places.map(placeOf),
      }))
      return answer({ data, isCut: found.isCut })
    },
  }),
  defineOperation({
    id: 'scores.list',
    method: 'get',
    path: '/scores',
    summary:
      'Lists mail that was refused or put off lately and had points, by client, sender or recipient.',
    right: 'policy.read',
    input: { query: recordedQuery },
    subject: () => ofList,
    output: z.object({
      data: z.array(
        z
          .object({
            ...recorded,
            outcome: z.string(),
            score: z.number(),
            why: z.array(z.string()).openapi({ description: 'What counted how much.' }),
          })
          .openapi('Scored'),
      ),
      isCut,
    }),
    async run({ query }, { administration, extent }) {
      const found = await administration.greylist.scores({ ...query, within: extent })
      if (found.kind !== 'scores') return found
      const data = found.entries.map(({ atMs, why, ...one }) => ({
        ...one,
        at: timeOf(atMs),
        why: [...why],
      }))
      return answer({ data, isCut: found.isCut })
    },
  }),
  defineOperation({
    id: 'greylist.get',
    method: 'get',
    path: '/greylist:show',
    summary: 'Tells how a client, sender and recipient stand.',
    right: 'policy.read',
    input: { query: z.object(triplet) },
    subject: () => ofSystem,
    output: shown,
    async run({ query }, { administration }) {
      const found = await administration.greylist.show(query)
      return found.kind === 'triplet' ? shownOf(found) : found
    },
  }),
  defineOperation({
    id: 'greylist.allow',
    method: 'post',
    path: '/greylist:allow',
    summary: 'Lets this mail in, as if it had come again in time.',
    right: 'policy.write',
    input: { body: z.strictObject(triplet) },
    subject: () => ofSystem,
    output: shown,
    async run({ body }, { administration }) {
      const found = await administration.greylist.allow(body)
      return found.kind === 'triplet' ? shownOf(found) : found
    },
  }),
  defineOperation({
    id: 'greylist.forget',
    method: 'post',
    path: '/greylist:forget',
    summary: 'Forgets a client, sender and recipient: they begin anew.',
    right: 'policy.write',
    input: { body: z.strictObject(triplet) },
    subject: () => ofSystem,
    output: shown,
    async run({ body }, { administration }) {
      const found = await administration.greylist.forget(body)
      return found.kind === 'triplet' ? shownOf(found) : found
    },
  }),
  defineOperation({
    id: 'greylist.client',
    method: 'get',
    path: '/greylist/clients/{client}',
    summary: 'Tells how often mail of a client came again, and whether it is greylisted any more.',
    right: 'policy.read',
    input: { params: clientParams },
    subject: () => ofSystem,
    output: client,
    async run({ params }, { administration }) {
      const found = await administration.greylist.client(params.client)
      return found.kind === 'client' ? clientOf(found) : found
    },
  }),
  defineOperation({
    id: 'greylist.allowClient',
    method: 'post',
    path: '/greylist/clients/{client}:allow',
    summary: 'Greylists nothing of a client any more.',
    right: 'policy.write',
    input: { params: clientParams },
    subject: () => ofSystem,
    output: client,
    async run({ params }, { administration }) {
      const found = await administration.greylist.allowClient(params.client)
      return found.kind === 'client' ? clientOf(found) : found
    },
  }),
  defineOperation({
    id: 'greylist.forgetClient',
    method: 'post',
    path: '/greylist/clients/{client}:forget',
    summary: 'Forgets how often mail of a client came again.',
    right: 'policy.write',
    input: { params: clientParams },
    subject: () => ofSystem,
    output: client,
    async run({ params }, { administration }) {
      const found = await administration.greylist.forgetClient(params.client)
      return found.kind === 'client' ? clientOf(found) : found
    },
  }),
]
