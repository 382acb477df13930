// RFC 5435 and RFC 5436: somebody is told of the message, by mail.

import { defineCommand, defineTest, option, string, strings, unknown } from '../definition.ts'
import { type Mailto, parseMailto } from '../made/mailto.ts'
import { isAutoSubmitted } from '../made/may-answer.ts'
import { readAddress } from '../made/own-address.ts'
import { SieveRunError } from '../run/failure.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import type { Run } from '../run/run.ts'
import { checkFcc, fccOf, fccTags } from './fcc.ts'

/** RFC 5435 §3. */
export const notify = defineCommand({
  name: 'notify',
  extensions: ['enotify'],
  tags: {
    from: option('from', string),
    importance: option('importance', string),
    options: option('options', strings),
    message: option('message', string),
    ...fccTags,
  },
  positional: { method: string },
  check({ method, from, importance, options, ...values }, checker) {
    checkFcc(values, checker)
    if (method !== unknown) {
      const mailto = parseMailto(method)
      // RFC 5435 §3.2: an error when it is done, since a script may ask before (`valid_notify_method`).
      const wrong = typeof mailto === 'string' ? mailto : isEmpty(mailto) ? namesNobody : undefined
      if (wrong !== undefined) checker.warn(`nobody is notified by "${method}": ${wrong}`)
    }
    if (from !== undefined && from !== unknown && readAddress(from) === undefined) {
      checker.error(`:from "${from}" is no address`)
    }
    if (importance !== undefined && importance !== unknown && !isImportance(importance)) {
      checker.error(`:importance takes "1", "2" or "3", and not "${importance}"`)
    }
    if (options === undefined || options === unknown) return
    for (const each of options) {
      if (!isOption(each)) checker.error(`"${each}" is no option with a value (name=value)`)
    }
  },
  async execute({ method, from, importance = '2', options, message, ...fcc }, run, { at }) {
    const mailto = parseMailto(method)
    if (typeof mailto === 'string') {
      throw new SieveRunError(`nobody can be notified by "${method}": ${mailto}`)
    }
    if (from !== undefined && readAddress(from) === undefined) {
      throw new SieveRunError(`notify :from "${from}" is no address`)
    }
    if (!isImportance(importance)) {
      throw new SieveRunError(`notify :importance "${importance}" is none of "1", "2" and "3"`)
    }
    const wrong = options?.find((each) => !isOption(each))
    if (wrong !== undefined) throw new SieveRunError(`notify :options "${wrong}" has no value`)
    // RFC 5436 §2.7: of what a program wrote nobody is told, or programs would tell each other.
    if (isAutoSubmitted(await run.message.header())) {
      run.note('notify: a program wrote the message, nobody is told')
      return undefined
    }
    const untold = withoutTold(run, mailto)
    if (untold === undefined) return undefined
    run.act(at, {
      kind: 'notify',
      method,
      mailto: untold,
      message: message ?? null,
      from: from ?? null,
      importance,
      options: options ?? [],
      fcc: fccOf(fcc),
    })
    return undefined
  },
})

/** RFC 5436 §2.7: nobody is told twice of a message; undefined where there is nobody left. */
function withoutTold(run: Run, mailto: Mailto): Mailto | undefined {
  const told = new Set<string>()
  for (const action of run.actions) {
    if (action.kind !== 'notify') continue
    const { to, cc, bcc } = action.mailto
    for (const each of [...to, ...cc, ...bcc]) told.add(each.toLowerCase())
  }
  const untold = (list: readonly string[]) => list.filter((each) => !told.has(each.toLowerCase()))
  const left = {
    ...mailto,
    to: untold(mailto.to),
    cc: untold(mailto.cc),
    bcc: untold(mailto.bcc),
  }
  return isEmpty(left) ? undefined : left
}

const isEmpty = ({ to, cc, bcc }: Mailto) => to.length + cc.length + bcc.length === 0
const namesNobody = 'it names nobody'

function isImportance(text: string): text is '1' | '2' | '3' {
  return text === '1' || text === '2' || text === '3'
}

/** RFC 5435 §3.5; mailto has none that mean anything (RFC 5436 §2.5). */
const isOption = (text: string) => /^[A-Za-z0-9][A-Za-z0-9._-]*=[^\0\r\n]*$/.test(text)

/** RFC 5435 §4; `mailto:` alone asks for the method, as its example 4 does. */
export const validNotifyMethod = defineTest({
  name: 'valid_notify_method',
  extensions: ['enotify'],
  positional: { methods: strings },
  evaluate: ({ methods }) => methods.every((each) => typeof parseMailto(each) !== 'string'),
})

/** RFC 5435 §5. */
export const notifyMethodCapability = defineTest({
  name: 'notify_method_capability',
  extensions: ['enotify'],
  tags: matching,
  positional: { method: string, capability: string, keys: strings },
  check: checkMatching,
  evaluate({ method, capability, keys, ...tags }, run) {
    if (typeof parseMailto(method) === 'string') return false
    if (capability.toLowerCase() !== 'online') return false
    // RFC 5436 §2.2: nobody knows whether a mailbox is looked at.
    return matchAny(run, tags, ['maybe'], keys)
  },
})
