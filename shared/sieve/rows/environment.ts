// What a script finds out of where it runs: RFC 5183, RFC 5463 (`ihave`, `error`), and vnd.dovecot.debug, which old scripts have.

import { constants, defineCommand, defineTest, string, strings } from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'

/** RFC 5183 §4; an item that is not known fits nothing, not even "". */
export const environment = defineTest({
  name: 'environment',
  extensions: ['environment'],
  tags: matching,
  positional: { name: string, keys: strings },
  check: checkMatching,
  evaluate({ name, keys, ...tags }, run) {
    const value = run.context.environment(name.toLowerCase())
    return value !== undefined && matchAny(run, tags, [value], keys)
  },
})

/** RFC 5463 §4: these change what strings mean, which is decided before anything runs. */
const tooLate: ReadonlySet<string> = new Set(['variables', 'encoded-character'])

export const ihave = defineTest({
  name: 'ihave',
  extensions: ['ihave'],
  positional: { extensions: constants },
  evaluate({ extensions }, run) {
    const { extensions: known } = run.context
    // What the script requires is there in any case (point 3).
    const isThere = extensions.every(
      (each) => run.granted.has(each) || (known.has(each) && !tooLate.has(each)),
    )
    if (isThere) for (const each of extensions) run.granted.add(each)
    return isThere
  },
})

/** RFC 5463 §5. */
export const error = defineCommand({
  name: 'error',
  extensions: ['ihave'],
  ends: true,
  positional: { message: string },
  execute({ message }) {
    throw new SieveRunError(message)
  },
})

/** Pigeonhole's vnd.dovecot.debug: into the trace of a run that somebody looks at. */
export const debugLog = defineCommand({
  name: 'debug_log',
  extensions: ['vnd.dovecot.debug'],
  positional: { message: string },
  execute({ message }, run) {
    run.note(message)
    return undefined
  },
})
