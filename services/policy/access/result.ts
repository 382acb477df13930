// What is decided by what an access table, or a policy server, answered.

import type { EnhancedStatus } from '#shared/contracts/policy.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { type Action, parseAction } from '#shared/settings/restrictions/action.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Known } from '../known.ts'
import { replyFor, type Subject } from '../reply-form.ts'
import {
  type Decision,
  dunno,
  failure,
  type OwnDecision,
  permit,
  type RestrictionList,
} from '../restriction.ts'
import type { WordDeps } from '../word.ts'

export type Answer = {
  /** As it was said. */
  readonly result: string
  /** Who said it, for log and warnings: `check_client_access table:clients`. */
  readonly from: string
  /** What it was said of, which replies name. */
  readonly subject: Subject
  /** Of something whoever sends chooses himself: a table must permit nobody for that. */
  readonly neverPermits?: boolean
  /** A recipient whose way the sender has said: what permits says nothing of where it leads. */
  readonly isSenderRouted?: boolean
}

/** The codes of REJECT and DEFER. */
export type ResultSettings = Pick<Settings, 'accessMapRejectCode' | 'accessMapDeferCode'>

export type DecideResult = (known: Known, answer: Answer) => Promise<Decision>

/** Results that named restrictions, remembered compiled; and those that a warning was written of. */
const REMEMBERED_MAX = 1_000

export function createDecideResult(
  deps: Pick<WordDeps, 'compile' | 'log'> & {
    readonly settings: ResultSettings
  },
): DecideResult {
  const { accessMapRejectCode, accessMapDeferCode } = deps.settings
  const compiled = new Map<string, RestrictionList>()
  const warned = new Set<string>()

  function compile(text: string): RestrictionList {
    const known = compiled.get(text)
    if (known !== undefined) return known
    const list = deps.compile(text)
    if (compiled.size < REMEMBERED_MAX) compiled.set(text, list)
    return list
  }

  /** Whoever connects can cause it again and again; nobody needs to read it twice. */
  function misconfigured({ from, result }: Answer, reason: string): OwnDecision {
    const text = `${from}: '${result}': ${reason}`
    if (!warned.has(text) && warned.size < REMEMBERED_MAX) {
      warned.add(text)
      deps.log.warn({ warning: text }, 'policy is misconfigured')
    }
    return failure({ code: 451, status: '4.3.5', text: 'Server configuration error' })
  }

  const forbidden = (answer: Answer) =>
    misconfigured(answer, 'must not permit: whoever sends chooses what it is said of')

  async function replied(
    known: Known,
    { subject }: Answer,
    code: number,
    said: { readonly status: EnhancedStatus | undefined; readonly text: string },
    otherwise: string,
  ) {
    const { status = code >= 500 ? '5.7.1' : '4.7.1', text } = said
    return replyFor(known, subject, { code, status, text: text || otherwise })
  }

  function restrictions(answer: Answer, text: string): Decision {
    // Postfix: only a restriction class may ask a further table.
    if (text.includes(':'))
      return misconfigured(answer, 'a table needs a restriction class around it')
    try {
      const list = { kind: 'list', restrictions: compile(text) } as const
      if (answer.neverPermits) return { ...list, onPermit: () => forbidden(answer) }
      return answer.isSenderRouted ? { ...list, onPermit: () => dunno } : list
    } catch (error) {
      return misconfigured(answer, error instanceof Error ? error.message : String(error))
    }
  }

  return async (known, answer) => {
    const action = parseAction(answer.result)
    const { from, subject } = answer
    const warn = (text: string): Decision => ({ kind: 'warn', text: `${from}: ${text}` })
    if (isTooEarly(known, action)) {
      return warn(`'${answer.result}' is for a message, and there is none yet (smtpdDelayReject)`)
    }
    switch (action.kind) {
      case 'permit':
      case 'empty': {
        if (answer.neverPermits) return forbidden(answer)
        if (answer.isSenderRouted) return dunno
        if (action.kind === 'permit') return permit
        return both(from, warn('an empty result is taken for OK'), permit)
      }
      case 'dunno':
        return dunno
      case 'reject': {
        const reply = await replied(known, answer, accessMapRejectCode, action, 'Access denied')
        return reply.code >= 500 ? { kind: 'reject', reply } : { kind: 'defer', reply }
      }
      case 'defer': {
        const reply = await replied(known, answer, accessMapDeferCode, action, 'Access denied')
        return { kind: 'defer', reply }
      }
      case 'reply': {
        const reply = await replied(known, answer, action.code, action, 'Access denied')
        return reply.code >= 500 ? { kind: 'reject', reply } : { kind: 'defer', reply }
      }
      case 'defer-if-permit':
      case 'defer-if-reject': {
        const text = 'Service unavailable'
        return {
          kind: action.kind,
          reply: await replied(known, answer, accessMapDeferCode, action, text),
        }
      }
      case 'discard':
        return action.text === ''
          ? { kind: 'discard' }
          : both(from, warn(`DISCARD ${action.text}`), { kind: 'discard' })
      case 'hold':
        return { kind: 'hold', reason: action.text || `${from} (${subject})` }
      case 'filter':
        return { kind: 'filter', destination: action.destination }
      case 'redirect':
      case 'bcc':
        return { kind: action.kind, to: action.to }
      case 'prepend':
        // Deliberately at the end of the message too, where Postfix has written its header already.
        return { kind: 'prepend', fields: `${Buffer.from(action.field).toString('latin1')}\r\n` }
      case 'info':
      case 'warn':
        return warn(action.text || 'matches')
      case 'restrictions':
        return restrictions(answer, action.text)
      case 'malformed':
        return warn(action.reason)
      default:
        return unreachable(action)
    }
  }
}

const ofMessage: ReadonlySet<Action['kind']> = new Set([
  'discard',
  'hold',
  'filter',
  'redirect',
  'bcc',
  'prepend',
])

/** smtpd_delay_reject = no: what is wanted of a message would be wanted of all of the session, or be lost. */
function isTooEarly({ answering }: Known, { kind }: Action): boolean {
  return ofMessage.has(kind) && (answering === 'connect' || answering === 'helo')
}

/** Both, in this order. */
function both(name: string, first: Decision, second: Decision): Decision {
  const one = (decision: Decision) => ({ name, decide: () => decision })
  return { kind: 'list', restrictions: [one(first), one(second)] }
}
