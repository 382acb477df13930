// Requests that are sent again (Idempotency-Key): the same answer, and nothing done twice. Kept for a day in `counters`:
//
//   REPEAT#<digest of who and which key>   ANSWER   what was asked (digest), `done`, and then status, body, headers
//
// A claim is written before the operation runs, so that of two at once one runs. Where the process died between, the claim stands without an
// answer: nobody knows what became of it, and a repeat is told so. What failed for now (503) before anything was done is forgotten, and may be tried
// again; what failed when something was done is kept with what that was (`changed`), and a repeat is told.

import { createHash } from 'node:crypto'
import type { Change } from '#shared/administration/changes.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { ConditionFailed, type Item, type Key } from '#shared/storage/ports.ts'
import type { ApiDeps } from './deps.ts'
import type { AnyInput, Operation } from './operation.ts'
import { type ProblemFacts, problemResponse } from './problem.ts'

const HEADER = 'idempotency-key'
export const KEY_CHARACTERS_MAX = 255
const KEPT_SECONDS = 24 * 3_600
/** Of an answer that is kept; what is longer is not, and a repeat names what it was about. */
const BODY_BYTES_MAX = 256 * 1024
const keptHeaders = ['content-type', 'location', 'etag'] as const

/** What was changed; none of it need be recorded, as where a job was begun. */
export type Effect = readonly Pick<Change, 'what' | 'name'>[]

type Repeat = {
  readonly operation: Operation
  readonly request: Request
  readonly actor: Actor | null
  readonly input: AnyInput
  readonly requestId: string
}

/** Undefined: it was not asked before. For what is about something that is gone since, because it was done. */
export async function answerBefore(
  { counters }: Pick<ApiDeps, 'counters'>,
  repeat: Repeat,
): Promise<Response | undefined> {
  const place = placeOf(repeat)
  const item = place && (await counters.get(place.key, { consistent: true }))
  if (item?.done !== true || item.asked !== place?.asked) return undefined
  return again(item, place?.asked ?? '', repeat.requestId)
}

/** Undefined: it has no key, or one that is none. */
function placeOf({ operation, request, actor, input }: Repeat) {
  const name = request.headers.get(HEADER)
  if (name === null || !/^[\x21-\x7e]{1,255}$/.test(name)) return undefined
  const who = actor?.accountId ?? actor?.name ?? ''
  const key: Key = { pk: `REPEAT#${digestOf([who, name])}`, sk: 'ANSWER' }
  return { key, asked: digestOf([operation.id, input.params, input.query, input.body]) }
}

export async function repeatable(
  deps: Pick<ApiDeps, 'counters' | 'clock'>,
  repeat: Repeat,
  respond: () => Promise<Response>,
  /** Should it fail: what was done all the same; undefined: nothing. */
  effect: () => Effect | undefined,
): Promise<Response> {
  const { operation, request, requestId } = repeat
  if (request.headers.get(HEADER) === null) return await respond()
  const place = placeOf(repeat)
  if (place === undefined) return problemResponse(badKey, requestId)
  const { key, asked } = place
  const nowSeconds = Math.floor(deps.clock.now() / 1_000)
  const ttl = nowSeconds + KEPT_SECONDS
  try {
    const claim = { ...key, asked, done: false, ttl }
    const isFree = {
      any: [{ absent: 'pk' }, { attribute: 'ttl', is: '<', value: nowSeconds }],
    } as const
    await deps.counters.write({ put: claim, if: isFree })
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
    return again(await deps.counters.get(key, { consistent: true }), asked, requestId)
  }
  let response: Response
  try {
    response = await respond()
  } catch (error) {
    const done = effect()
    await deps.counters.write(
      done === undefined
        ? { delete: key }
        : { put: { ...key, asked, done: false, ttl, changed: JSON.stringify(changedIn(done)) } },
    )
    throw error
  }
  if (response.status === 412 || response.status === 428) {
    // Nothing was done: it may come again, on the version as it is now.
    await deps.counters.write({ delete: key })
    return response
  }
  await deps.counters.write({
    put: { ...key, asked, done: true, ttl, ...(await kept(operation, response)) },
  })
  return response
}

/** Too many to be told are told in part. */
const CHANGED_MAX = 100

const changedIn = (changes: Effect) =>
  changes.slice(0, CHANGED_MAX).map(({ what, name }) => ({ what, name }))

async function kept(operation: Operation, response: Response) {
  const headers = Object.fromEntries(
    keptHeaders.flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  const facts = { status: response.status, headers }
  const isSecret = operation.secretAnswer === true && response.ok
  if (isSecret || operation.produces !== undefined) return facts
  const body = await response.clone().text()
  return Buffer.byteLength(body) > BODY_BYTES_MAX ? facts : { ...facts, body }
}

function again(item: Item | undefined, asked: string, requestId: string): Response {
  if (item !== undefined && item.asked !== asked) return problemResponse(otherRequest, requestId)
  if (item?.done !== true) {
    const changed = typeof item?.changed === 'string' ? JSON.parse(item.changed) : undefined
    const facts = changed === undefined ? inHand : { ...halfDone, more: { changed } }
    return problemResponse(facts, requestId)
  }
  const { status, body } = item
  const headers = { ...(item.headers as { readonly [name: string]: string }) }
  if (typeof body !== 'string') {
    const { location } = headers
    const more = { ...(location !== undefined && { location }) }
    return problemResponse({ ...doneAlready, more, headers: more }, requestId)
  }
  return new Response(status === 204 ? null : body, {
    status: Number(status),
    headers: { ...headers, 'idempotency-replayed': 'true' },
  })
}

const digestOf = (facts: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(facts) ?? '')
    .digest('base64url')

const ofKey = (name: string) => [
  { field: 'Idempotency-Key', in: 'header', name: 'Idempotency-Key', rule: { name } } as const,
]

const badKey: ProblemFacts = {
  status: 400,
  code: 'bad-idempotency-key',
  detail: `a key has 1 to ${KEY_CHARACTERS_MAX} visible characters of ASCII`,
  errors: ofKey('visible-ascii'),
}
const otherRequest: ProblemFacts = {
  status: 422,
  code: 'idempotency-key-reused',
  detail: 'this key was sent with another request',
  errors: ofKey('same-request'),
}
const inHand: ProblemFacts = {
  status: 409,
  code: 'still-in-hand',
  detail: 'the request with this key has no answer yet, or nobody knows what became of it',
  errors: ofKey('one-at-a-time'),
}
const halfDone: ProblemFacts = {
  status: 409,
  code: 'outcome-unknown',
  detail:
    'the request with this key failed when something was done already: look at what it is about, and send what is missing with another key',
  errors: ofKey('known-outcome'),
}
const doneAlready: ProblemFacts = {
  status: 409,
  code: 'done-already',
  detail: 'this was done, and its answer is shown once',
  errors: ofKey('shown-once'),
}
