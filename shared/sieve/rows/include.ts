// RFC 6609: scripts within scripts, `return` from one, and variables they share.

import { choice, constant, constants, defineCommand, flag, unknown } from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { scriptName } from '../shelf.ts'
import { isVariableName } from '../strings.ts'

const plain = { extension: null, takes: null } as const

/** RFC 6609 §3.2. */
export const include = defineCommand({
  name: 'include',
  extensions: ['include'],
  tags: {
    location: choice({ personal: plain, global: plain }),
    once: flag('once'),
    optional: flag('optional'),
  },
  positional: { script: constant },
  check({ script }, checker) {
    if (script === '') checker.error('include takes the name of a script')
  },
  async execute({ location, once, optional, script }, run) {
    const where = location?.tag ?? 'personal'
    const name = `:${where} "${script}"`
    if (once && run.includes.has(name)) return undefined
    // As it is kept; of a name that none can have nobody is asked.
    const known = scriptName(script)
    const flow =
      known === undefined
        ? 'missing'
        : await run.includes.run(name, () => run.include(run, where, known))
    if (flow !== 'missing') return flow
    if (!optional) throw new SieveRunError(`there is no script ${name}`)
    return undefined
  },
})

/** RFC 6609 §3.3. */
export const returnCommand = defineCommand({
  name: 'return',
  extensions: ['include'],
  ends: true,
  execute: () => ({ kind: 'return' }),
})

/** RFC 6609 §3.4.1. */
export const global = defineCommand({
  name: 'global',
  extensions: ['include'],
  positional: { names: constants },
  check({ names }, checker) {
    checker.needs('variables', 'global')
    if (names === unknown) return
    for (const [i, name] of names.entries()) {
      if (name.includes('.') || !isVariableName(name)) {
        checker.error(`"${name}" names no variable that can be global`, 'names', i)
      }
    }
  },
  execute({ names }, run) {
    for (const name of names) {
      if (run.variables.isOwn(name)) {
        throw new SieveRunError(`"${name}" was set before it was said to be global`)
      }
      run.variables.declareGlobal(name)
    }
    return undefined
  },
})
