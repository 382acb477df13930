// One request, from who asks to the answer. The order is the same for every operation: who (401), whether he ever may (403), what was asked
// (400, 413, 415, 422), whether it may be (404 as if it were not there, 403), asked before (Idempotency-Key), on which version (428, 412),
// and only then what it does. What was done before is on no version of today.

import type { AuditRecord } from '#shared/administration/audit/audit.ts'
import { type AuditEntry, auditActor, nobody } from '#shared/administration/audit/entries.ts'
import type { Change } from '#shared/administration/changes.ts'
import { isFresh } from '#shared/administration/rights/allowed.ts'
import type { Identity } from '#shared/identity/identities.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import { TemporaryFailure, unreachable } from '#shared/runtime/errors.ts'
import { RehearsalTooLarge } from '#shared/storage/rehearsal-table.ts'
import type { Call } from './call.ts'
import { createCursors } from './cursors.ts'
import type { ApiDeps } from './deps.ts'
import { changedProblem, conditionProblem, etagOf, isKnownVersion } from './etag.ts'
import type { Operation, Outcome } from './operation.ts'
import { permit, problemOfRule, ruleAgainst } from './permit.ts'
import { type ProblemFacts, problemOfRefusal, problemResponse } from './problem.ts'
import { askedOf, readInput, releaseBody } from './read-input.ts'
import { answerBefore, repeatable } from './repeats.ts'
import { requestIdOf } from './request-id.ts'
import type { Routed } from './routed.ts'
import type { Found } from './subjects.ts'

export async function answerRequest(
  deps: ApiDeps,
  operation: Operation,
  routed: Routed,
): Promise<Response> {
  const requestId = requestIdOf(routed.request)
  try {
    const who = await identify(deps, operation, routed)
    if (who.kind === 'problem') return problemResponse(who.problem, requestId)
    const response = await answerTo(deps, operation, routed, who.identity)
    for (const [name, value] of who.headers) response.headers.append(name, value)
    response.headers.set('x-request-id', requestId)
    return response
  } catch (error) {
    return failed(deps, operation, requestId, error)
  } finally {
    releaseBody(routed.request)
  }
}

type Identified =
  | {
      readonly kind: 'actor'
      readonly identity: Identity | null
      readonly headers: readonly (readonly [name: string, value: string])[]
    }
  | { readonly kind: 'problem'; readonly problem: ProblemFacts }

async function identify(
  deps: ApiDeps,
  { access }: Operation,
  { request, caller }: Routed,
): Promise<Identified> {
  const isOpen = access.kind === 'open'
  const who = await deps.authenticate(request, caller, { isOpen })
  switch (who.kind) {
    case 'actor':
      return { kind: 'actor', identity: who.identity, headers: who.headers ?? [] }
    case 'nobody':
      if (isOpen) return { kind: 'actor', identity: null, headers: [] }
      return {
        kind: 'problem',
        problem: {
          status: 401,
          code: 'not-signed-in',
          detail: 'sign in, or send a token',
          headers: { 'www-authenticate': 'Bearer' },
        },
      }
    case 'refused': {
      const { status, code, detail, headers = [] } = who
      const problem = { status, code, detail, headers: Object.fromEntries(headers) }
      return { kind: 'problem', problem }
    }
    case 'throttled':
      return {
        kind: 'problem',
        problem: {
          status: 429,
          code: 'too-many-requests',
          detail: `wait ${who.retryAfterSeconds} s`,
          headers: {
            'retry-after': String(who.retryAfterSeconds),
            ...Object.fromEntries(who.headers ?? []),
          },
        },
      }
    default:
      return unreachable(who)
  }
}

async function answerTo(
  deps: ApiDeps,
  operation: Operation,
  routed: Routed,
  identity: Identity | null,
): Promise<Response> {
  const { request, caller } = routed
  const actor = identity?.actor ?? null
  const requestId = requestIdOf(request)
  const nowMs = deps.clock.now()
  const network = clientNetwork(caller.address)
  // Before anything of it is read: large bodies are read of those alone who may ever.
  const never = ruleAgainst(operation, actor)
  if (never !== undefined) {
    const facts = problemOfRule(never)
    const entry = entryOf(operation, routed, identity, undefined, nowMs)
    await deps.audit.noteRefused(entry, facts.code, network)
    return problemResponse(facts, requestId)
  }
  const read = await readInput(operation, routed)
  if (read.kind === 'problem') return problemResponse(read.problem, requestId)
  const { input, isRehearsal } = read
  const refuse = (refusal: Parameters<typeof problemOfRefusal>[0]) =>
    problemOfRefusal(refusal, askedOf(operation, input))

  const changing = operation.method !== 'get' && operation.onlyAsks !== true
  const isRepeatable = operation.method === 'post' && changing && operation.recordsItself !== true
  const repeat = { operation, request, actor, input, requestId }

  const permitted = await permit(deps, operation, input, actor, nowMs)
  const auditEntry = entryOf(operation, routed, identity, permitted.found, nowMs)
  if (permitted.kind === 'missing') {
    // Not waited for: what is out of sight takes no longer than what is not there.
    if (permitted.isUnseen) void deps.audit.noteRefused(auditEntry, 'unseen', network)
    const before =
      isRepeatable && !isRehearsal && !permitted.isUnseen
        ? await answerBefore(deps, repeat)
        : undefined
    if (before !== undefined) return before
    return problemResponse(refuse(permitted.refusal), requestId)
  }
  if (permitted.kind === 'no') {
    const facts = problemOfRule(permitted.rule)
    await deps.audit.noteRefused(auditEntry, facts.code, network)
    return problemResponse(facts, requestId)
  }

  const ifMatch = request.headers.get('if-match')
  const changes: Change[] = []
  const record = (change: Change) => void changes.push(change)
  const open = {
    identity,
    auditEntry,
    caller,
    request,
    requestId,
    nowMs,
    administration: (isRehearsal ? deps.rehearsal : deps.administration)(record),
    changes: () => changes,
    isRehearsal,
    ...(ifMatch !== null && { isKnownVersion: isKnownVersion(ifMatch) }),
    cursors: createCursors(deps.cursorKey, operation.id),
    deps,
    log: deps.log,
  }
  // An open operation was promised no actor and no extent, and asks for none.
  const call = { ...open, ...(actor && { actor, extent: permitted.extent }) } as Call

  const unmet = async () => {
    const current = changing ? await operation.current?.(input, call) : undefined
    return current === undefined ? undefined : conditionProblem(ifMatch, current)
  }
  if (isRehearsal) {
    const problem = await unmet()
    if (problem !== undefined) return problemResponse(problem, requestId)
    const outcome = await (operation.rehearse ?? operation.run).call(operation, input, call)
    return rehearsed(operation, outcome, changes, requestId, refuse)
  }
  let isDone = false
  const respond = async () => {
    const problem = await unmet()
    if (problem !== undefined) return problemResponse(problem, requestId)
    const isRecorded = changing && operation.recordsItself !== true
    const audit = isRecorded ? await deps.audit.begin(auditEntry) : undefined
    const outcome = await audited(audit, changes, async () => {
      const made = await operation.run(input, call)
      isDone = made.kind === 'answer' || made.kind === 'response'
      return made
    })
    if (outcome.kind === 'changed-meanwhile' && ifMatch !== null) {
      const now = await operation.current?.(input, call)
      return problemResponse(changedProblem(ifMatch, now ?? null), requestId)
    }
    return responseOf(operation, outcome, requestId, refuse)
  }
  const effect = () => (isDone || changes.length > 0 ? changes : undefined)
  return isRepeatable ? await repeatable(deps, repeat, respond, effect) : await respond()
}

/** For the record. */
function entryOf(
  operation: Operation,
  routed: Routed,
  identity: Identity | null,
  found: Found | undefined,
  nowMs: number,
): AuditEntry {
  const { request, caller } = routed
  const { actor, token } = identity ?? {}
  const subject = found?.subject
  return {
    actor: actor ? auditActor(actor, token?.id ?? null, isFresh(actor, nowMs)) : nobody,
    from: { address: caller.address, client: request.headers.get('user-agent') ?? '' },
    operation: operation.id,
    object: found?.object ?? objectOf(operation, routed),
    accountId: subject?.kind === 'account' ? subject.accountId : null,
    domain: subject?.kind === 'account' || subject?.kind === 'domain' ? subject.domain : null,
    requestId: requestIdOf(request),
  }
}

async function audited<T extends Outcome<unknown>>(
  audit: AuditRecord | undefined,
  changes: readonly Change[],
  run: () => Promise<T>,
): Promise<T> {
  try {
    const outcome = await run()
    await audit?.end({ code: codeOf(outcome), changes })
    return outcome
  } catch (error) {
    // What was changed before it failed is changed.
    await audit?.end({ code: 'failed', changes })
    throw error
  }
}

function codeOf(outcome: Outcome<unknown>): string {
  if (outcome.kind === 'answer' || outcome.kind === 'response') return 'ok'
  return outcome.kind === 'problem' ? outcome.problem.code : outcome.kind
}

type Refuse = (refusal: Parameters<typeof problemOfRefusal>[0]) => ProblemFacts

function responseOf(
  operation: Operation,
  outcome: Outcome<unknown>,
  requestId: string,
  refuse: Refuse,
): Response {
  switch (outcome.kind) {
    case 'answer': {
      const { value, location, version, headers, status } = outcome
      const isNothing = operation.output === 'nothing'
      return new Response(isNothing ? null : JSON.stringify(value), {
        status: status ?? operation.status ?? (isNothing ? 204 : 200),
        headers: {
          ...(!isNothing && { 'content-type': 'application/json' }),
          ...(location !== undefined && { location: `/api/v1${asciiOf(location)}` }),
          ...(version !== undefined && { etag: etagOf(version) }),
          ...headers,
        },
      })
    }
    case 'response':
      return outcome.response
    case 'problem':
      return problemResponse(outcome.problem, requestId)
    default:
      return problemResponse(refuse(outcome), requestId)
  }
}

/** Addresses may have other letters (RFC 6531); a header field has none, and nothing that ends it. */
const asciiOf = (path: string) =>
  path.toWellFormed().replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent)

/** The change as it would be, and nothing made. */
function rehearsed(
  operation: Operation,
  outcome: Outcome<unknown>,
  changes: readonly Change[],
  requestId: string,
  refuse: Refuse,
): Response {
  if (outcome.kind !== 'answer') return responseOf(operation, outcome, requestId, refuse)
  const value = { dryRun: true, changes, result: outcome.value }
  return new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } })
}

/** `accounts/ann@example.org`: the path without its verb. */
function objectOf({ path }: Operation, { params }: Routed): string {
  const filled = path.replaceAll(/\{(\w{1,40})\}/g, (_, name: string) => params[name] ?? '')
  return filled.slice(1).replace(/:\w{1,40}$/, path.endsWith('}') ? '$&' : '')
}

function failed({ log }: ApiDeps, { id }: Operation, requestId: string, error: unknown): Response {
  if (error instanceof RehearsalTooLarge) {
    const { message: detail } = error
    return problemResponse({ status: 422, code: 'rehearsal-too-large', detail }, requestId)
  }
  if (error instanceof TemporaryFailure) {
    log.warn({ operation: id, requestId, error }, 'request not answered')
    return problemResponse(
      {
        status: 503,
        code: 'temporary-failure',
        detail: 'this cannot be answered now; try again',
        headers: { 'retry-after': '5' },
      },
      requestId,
    )
  }
  log.error({ operation: id, requestId, error }, 'request failed')
  return problemResponse(
    { status: 500, code: 'internal-error', detail: 'this went wrong here, and is logged' },
    requestId,
  )
}
