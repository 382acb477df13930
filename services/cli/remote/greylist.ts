// Greylisting, and what an account has sent, over the API.

import type {
  ClientShown,
  GreylistAdministration,
  PutOff,
  Scored,
  TripletShown,
} from '#shared/administration/greylist.ts'
import type {
  SendingAdministration,
  SendingCount,
  SendingShown,
} from '#shared/administration/sending.ts'
import type { Triplet, TripletFacts } from '#shared/contracts/greylist.ts'
import { type ApiClient, msOf, msOrNull, path } from './client.ts'
import { accountPath, canonical } from './names.ts'

type PlaceBody = Pick<TripletFacts, 'place' | 'state'> & {
  readonly firstAt: string | null
  readonly from: string | null
  readonly endsAt: string | null
}
type TripletBody = Triplet & { readonly places: readonly PlaceBody[] }
type ClientBody = Omit<ClientShown, 'kind' | 'endsMs'> & { readonly endsAt: string | null }
type Listed<T> = { readonly data: readonly T[]; readonly isCut: boolean }

const placeOf = ({ place, state, ...at }: PlaceBody): TripletFacts => ({
  ...{ place, state, firstMs: msOrNull(at.firstAt), fromMs: msOrNull(at.from) },
  endsMs: msOrNull(at.endsAt),
})

const tripletOf = ({ places, client, sender, recipient }: TripletBody): TripletShown => ({
  kind: 'triplet',
  triplet: { client, sender, recipient },
  places: places.map(placeOf),
})

const clientOf = ({ endsAt, client, passes, passesEnough }: ClientBody): ClientShown => ({
  ...{ kind: 'client', client, passes, passesEnough, endsMs: msOrNull(endsAt) },
})

export function remoteGreylist(client: ApiClient): GreylistAdministration {
  const one = (address: string) => path`/greylist/clients/${address}`
  const change = async (verb: string, body: Triplet) => {
    const asked = { method: 'POST', path: `/greylist:${verb}`, body } as const
    return tripletOf(await client.ask<TripletBody>(asked))
  }
  const changeClient = async (verb: string, address: string) =>
    clientOf(await client.ask<ClientBody>({ method: 'POST', path: `${one(address)}:${verb}` }))
  return {
    async list({ within: _, ...query }) {
      type Body = Omit<PutOff, 'atMs' | 'places'> & {
        readonly at: string
        readonly places: readonly PlaceBody[]
      }
      const asked = { method: 'GET', path: '/greylist', query } as const
      const { data, isCut } = await client.ask<Listed<Body>>(asked)
      const entries = data.map(({ queueId, at, places, ...one }) => ({
        ...{ queueId, atMs: msOf(at), ...one, places: places.map(placeOf) },
      }))
      return { kind: 'greylist', entries, isCut }
    },
    async scores({ within: _, ...query }) {
      type Body = Omit<Scored, 'atMs'> & { readonly at: string }
      const asked = { method: 'GET', path: '/scores', query } as const
      const { data, isCut } = await client.ask<Listed<Body>>(asked)
      const entries = data.map(({ queueId, at, ...one }) => ({ queueId, atMs: msOf(at), ...one }))
      return { kind: 'scores', entries, isCut }
    },
    async show({ client: address, sender, recipient }) {
      const query = { client: address, sender, recipient }
      const asked = { method: 'GET', path: '/greylist:show', query } as const
      return tripletOf(await client.ask<TripletBody>(asked))
    },
    allow: (triplet) => change('allow', triplet),
    forget: (triplet) => change('forget', triplet),
    async client(address) {
      return clientOf(await client.ask<ClientBody>({ method: 'GET', path: one(address) }))
    },
    allowClient: (address) => changeClient('allow', address),
    forgetClient: (address) => changeClient('forget', address),
  }
}

type CountBody = Omit<SendingCount, 'windowMs'> & { readonly windowSeconds: number }
type SendingBody = Pick<SendingShown, 'address' | 'frozen'> & {
  readonly day: readonly CountBody[]
  readonly rates: readonly CountBody[]
  readonly suspicion: Omit<SendingShown['suspicion'], 'windowMs' | 'countries'> & {
    readonly windowSeconds: number
    readonly countries: {
      readonly used: number
      readonly limit: number
      readonly seen: readonly { readonly country: string; readonly lastAt: string }[]
    }
  }
}

const countOf = ({ windowSeconds, ...one }: CountBody): SendingCount => ({
  ...one,
  windowMs: windowSeconds * 1_000,
})

export function remoteSending(client: ApiClient): SendingAdministration {
  const of = (address: string) => `${accountPath(address)}/sending`
  return {
    async show(address) {
      const body = await client.ask<SendingBody>({ method: 'GET', path: of(address) })
      const { action, newDestinations, bounces, countries, windowSeconds } = body.suspicion
      const { used, limit } = countries
      const seen = countries.seen.map(({ country, lastAt }) => ({ country, lastMs: msOf(lastAt) }))
      return {
        kind: 'sending',
        address: body.address,
        frozen: body.frozen,
        day: body.day.map(countOf),
        rates: body.rates.map(countOf),
        suspicion: {
          ...{ action, windowMs: windowSeconds * 1_000, newDestinations, bounces },
          countries: { used, limit, seen },
        },
      }
    },
    async forget(address) {
      await client.ask({ method: 'POST', path: `${of(address)}:forget` })
      return { kind: 'sending-forgotten', address: canonical(address) }
    },
  }
}
